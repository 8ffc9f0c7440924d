drop function door.forget_expired_sign_ins();
drop function door.sign_in_completes(bytea, bytea, timestamptz);
drop function door.sign_in_is_proven(uuid, bytea, bytea);
drop function door.sign_in_returns(bytea, bytea, timestamptz);
drop function door.sign_in_starts(bytea, bytea, bytea, timestamptz);
drop function door.sign_in_begins(uuid, text, bytea, bytea, bytea, timestamptz);
drop function door.identity(text, text);
drop table provider_sign_ins;
drop table identities;

create policy reverting on security_events to lyceum_owner using (true);
create policy reverting on organization_security_events to lyceum_owner using (true);
delete from security_events where kind in ('signed_in_by_provider', 'identity_linked', 'identity_unlinked');
delete from organization_security_events where kind in ('signed_in_by_provider', 'identity_linked', 'identity_unlinked');
drop policy reverting on security_events;
drop policy reverting on organization_security_events;
alter table security_events drop constraint security_events_kind_check,
    add constraint security_events_kind_check check (kind in ('signed_in', 'sign_in_failed', 'stepped_up', 'step_up_failed',
        'session_revoked', 'refresh_token_replayed', 'email_verified', 'email_changed', 'password_changed', 'password_reset',
        'second_factor_added', 'second_factor_removed', 'recovery_codes_made', 'recovery_code_used'));
alter table organization_security_events drop constraint organization_security_events_kind_check,
    add constraint organization_security_events_kind_check check (kind in ('signed_in', 'sign_in_failed', 'stepped_up',
        'step_up_failed', 'session_revoked', 'refresh_token_replayed', 'email_verified', 'email_changed', 'password_changed',
        'password_reset', 'second_factor_added', 'second_factor_removed', 'recovery_codes_made', 'recovery_code_used',
        'api_token_used_from_new_network'));
