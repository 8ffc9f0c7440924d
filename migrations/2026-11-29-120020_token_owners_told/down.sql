drop function door.api_token_used(uuid, uuid, timestamptz, text, uuid);
revoke insert on security_events from lyceum_door;
drop policy door_tells on security_events;

create function door.api_token_used(wanted_org uuid, wanted_token uuid, seen_at timestamptz, seen_network text)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, public
as $$
declare known text[]; owner uuid;
begin
    select t.networks, t.owner_id into known, owner from public.api_tokens t
        where t.org_id = wanted_org and t.id = wanted_token for update;
    if not found then
        return;
    end if;
    update public.api_tokens t set last_used_at = greatest(t.last_used_at, seen_at),
        networks = case when seen_network is null or seen_network = any (known) then known
            else known[greatest(1, cardinality(known) - 48):] || seen_network end
        where t.org_id = wanted_org and t.id = wanted_token;
    if seen_network <> all (known) and cardinality(known) > 0 then
        insert into public.organization_security_events (org_id, kind, member_id)
            values (wanted_org, 'api_token_used_from_new_network', owner);
    end if;
end $$;
revoke all on function door.api_token_used(uuid, uuid, timestamptz, text) from public;
grant execute on function door.api_token_used(uuid, uuid, timestamptz, text) to lyceum_app;
alter function door.api_token_used(uuid, uuid, timestamptz, text) owner to lyceum_door;
