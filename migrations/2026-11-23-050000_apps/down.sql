create policy granting on roles to lyceum_owner using (true);
update roles set grants = grants - 'apps.manage';
drop policy granting on roles;

drop function door.forget_expired_of_apps();
drop function door.api_token_used(uuid, uuid, timestamptz, text);
drop function door.api_token(bytea);

create policy reverting on organization_security_events to lyceum_owner using (true);
delete from organization_security_events where kind = 'api_token_used_from_new_network';
drop policy reverting on organization_security_events;
alter table organization_security_events drop constraint organization_security_events_kind_check,
    add constraint organization_security_events_kind_check check (kind in ('signed_in', 'sign_in_failed', 'stepped_up',
        'step_up_failed', 'session_revoked', 'refresh_token_replayed', 'email_verified', 'email_changed', 'password_changed',
        'password_reset', 'second_factor_added', 'second_factor_removed', 'recovery_codes_made', 'recovery_code_used'));
revoke insert on organization_security_events from lyceum_door;
drop policy door_tells on organization_security_events;

drop table api_token_secrets;
drop table api_tokens;
drop table apps;
