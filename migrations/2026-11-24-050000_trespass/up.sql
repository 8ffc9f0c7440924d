-- Tries across tenants, told to the person, their organisations, and the one whose it is.

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

-- Nobody of the organisation's is to be named where a stranger tried.
alter table organization_security_events alter column member_id drop not null,
    add constraint organization_security_events_member_check check (member_id is not null or kind = 'cross_tenant_attempt');

create policy door_tells_of_strangers on organization_security_events for insert to lyceum_door
    with check (kind = 'cross_tenant_attempt' and member_id is null);

-- Tells an organisation, if there is one, that a stranger named what is its own.
create function door.tell_of_stranger(wanted_org uuid)
returns void
language sql volatile security definer set search_path = pg_catalog, public
as $$
    insert into public.organization_security_events (org_id, kind) select o.id, 'cross_tenant_attempt'
    from public.organizations o where o.id = wanted_org
$$;
revoke all on function door.tell_of_stranger(uuid) from public;
grant execute on function door.tell_of_stranger(uuid) to lyceum_app;
alter function door.tell_of_stranger(uuid) owner to lyceum_door;
