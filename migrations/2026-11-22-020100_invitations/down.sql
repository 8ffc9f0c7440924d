alter table invitations drop column edition;
update invitations set state = 'revoked' where state = 'declined';
alter table invitations drop constraint invitations_state_check,
    add constraint invitations_state_check check (state in ('pending', 'accepted', 'revoked'));
