-- An invited person may say no.
alter table invitations drop constraint invitations_state_check,
    add constraint invitations_state_check check (state in ('pending', 'accepted', 'revoked', 'declined'));
