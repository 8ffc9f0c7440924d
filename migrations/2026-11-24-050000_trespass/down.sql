drop function door.tell_of_stranger(uuid);
drop policy door_tells_of_strangers on organization_security_events;

create policy reverting on security_events to lyceum_owner using (true);
create policy reverting on organization_security_events to lyceum_owner using (true);
delete from security_events where kind = 'cross_tenant_attempt';
delete from organization_security_events where kind = 'cross_tenant_attempt';
drop policy reverting on organization_security_events;
drop policy reverting on security_events;

alter table organization_security_events drop constraint organization_security_events_member_check,
    alter column member_id set not null;
do $$
declare target text;
begin
    foreach target in array array['security_events', 'organization_security_events'] loop
        execute format('alter table %I drop constraint %I, add constraint %I check (kind in (''signed_in'', ''sign_in_failed'',
            ''stepped_up'', ''step_up_failed'', ''session_revoked'', ''refresh_token_replayed'', ''email_verified'', ''email_changed'',
            ''password_changed'', ''password_reset'', ''second_factor_added'', ''second_factor_removed'', ''recovery_codes_made'',
            ''recovery_code_used'', ''api_token_used_from_new_network'', ''signed_in_by_provider'', ''identity_linked'',
            ''identity_unlinked''))', target, target || '_kind_check', target || '_kind_check');
    end loop;
end $$;
