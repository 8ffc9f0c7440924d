-- How often it was sent again: each edition has a token of its own.
alter table invitations add column edition integer not null default 0;
call classify('invitations', 'operation', 'edition');
-- An invited person may say no.
alter table invitations drop constraint invitations_state_check,
    add constraint invitations_state_check check (state in ('pending', 'accepted', 'revoked', 'declined'));
