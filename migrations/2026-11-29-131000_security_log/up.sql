-- The security events of an organisation are in its event log, whoever writes them: an account's own write, or a door.

grant insert (org_id, id, at, kind, subject) on outbox_events to lyceum_door;
-- Nothing else is told by a door, nor by the owner of the tables, who is a member of that role.
create policy door_tells on outbox_events as restrictive for insert to lyceum_door with check (kind like 'security.%');

-- Tells of a security event under its own id. The subject is its global identifier, as `OrganizationSecurityEventKey` writes it.
create function door.tell_of_security_event()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, public
as $$
begin
    insert into public.outbox_events (org_id, id, at, kind, subject)
        values (new.org_id, new.id, new.at, 'security.' || new.kind,
            'oev_' || translate(encode(uuid_send(new.org_id) || uuid_send(new.id), 'base64'), '+/=', '-_'));
    return null;
end $$;
create trigger tell_of_security_event after insert on organization_security_events for each row
    execute function door.tell_of_security_event();
revoke all on function door.tell_of_security_event() from public;
alter function door.tell_of_security_event() owner to lyceum_door;
