-- The owner of an app's token is told of its use from a new network, beside the organisation.

create policy door_tells on security_events for insert to lyceum_door with check (kind = 'api_token_used_from_new_network');
grant insert on security_events to lyceum_door;

drop function door.api_token_used(uuid, uuid, timestamptz, text);

-- Notes that a token is in use, and tells the organisation and the token's owner of a network that it was not used from before; of the
-- first one there is nothing to tell. The owner's event gets the given id, since theirs are listed in the order of their ids.
create function door.api_token_used(wanted_org uuid, wanted_token uuid, seen_at timestamptz, seen_network text, event uuid)
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
        insert into public.security_events (id, user_id, at, kind, network)
            select event, m.user_id, seen_at, 'api_token_used_from_new_network', seen_network
            from public.memberships m where m.org_id = wanted_org and m.id = owner;
    end if;
end $$;
revoke all on function door.api_token_used(uuid, uuid, timestamptz, text, uuid) from public;
grant execute on function door.api_token_used(uuid, uuid, timestamptz, text, uuid) to lyceum_app;
alter function door.api_token_used(uuid, uuid, timestamptz, text, uuid) owner to lyceum_door;
