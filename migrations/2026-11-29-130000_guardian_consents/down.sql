-- An account that waits must not become one that does not: it goes as if the guardian had refused.
create policy reverting on guardian_consents to lyceum_owner using (true);
do $$ begin
    perform door.delete_waiting_account(g.user_id, gen_random_uuid(), now()) from guardian_consents g where g.given_at is null;
end $$;
drop policy reverting on guardian_consents;

create policy reverting on security_events to lyceum_owner using (true);
create policy reverting on organization_security_events to lyceum_owner using (true);
create policy reverting on mails to lyceum_owner using (true);
create policy reverting on account_tokens to lyceum_owner using (true);
delete from security_events where kind = 'guardian_consented';
delete from organization_security_events where kind = 'guardian_consented';
delete from mails where template in ('guardian_consent', 'guardian_consented', 'account_deleted');
delete from account_tokens where purpose = 'guardian_consent';
drop policy reverting on account_tokens;
drop policy reverting on mails;
drop policy reverting on organization_security_events;
drop policy reverting on security_events;

do $$
declare target text;
begin
    foreach target in array array['security_events', 'organization_security_events'] loop
        execute format('alter table %I drop constraint %I, add constraint %I check (kind in (''signed_in'', ''sign_in_failed'',
            ''stepped_up'', ''step_up_failed'', ''session_revoked'', ''refresh_token_replayed'', ''email_verified'', ''email_changed'',
            ''password_changed'', ''password_reset'', ''second_factor_added'', ''second_factor_removed'', ''recovery_codes_made'',
            ''recovery_code_used'', ''api_token_used_from_new_network'', ''signed_in_by_provider'', ''identity_linked'',
            ''identity_unlinked'', ''cross_tenant_attempt''))', target, target || '_kind_check', target || '_kind_check');
    end loop;
end $$;
alter table account_tokens drop constraint account_tokens_purpose_check, add constraint account_tokens_purpose_check check (purpose in
    ('verify_email', 'change_email', 'reset_password', 'sign_in'));
alter table mails drop constraint mails_template_check, add constraint mails_template_check check (template in
    ('verify_email', 'account_exists', 'reset_password', 'change_email', 'security_notice', 'invitation', 'account_link',
    'ownership_offered', 'ownership_transferred'));

drop function door.delete_waiting_account(uuid, uuid, timestamptz);
drop function door.due_guardian_consents(timestamptz, integer);
revoke select (user_id) on account_idempotency_records from lyceum_door;
revoke select (user_id), delete on security_events from lyceum_door;
revoke delete on users from lyceum_door;
drop index mails_of_user;
drop index session_tokens_of_user;
drop policy door_deletes on security_events;
drop policy door_finds on security_events;
drop policy door_deletes on users;
drop table account_deletions;
drop trigger await_guardian on sessions;
drop function await_guardian();
drop table guardian_consents;
delete from classification.classes where name in ('guardian', 'consent', 'deletion');
