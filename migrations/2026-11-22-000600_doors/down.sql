do $$
declare f regprocedure;
begin
    for f in select p.oid from pg_proc p where p.pronamespace = 'door'::regnamespace loop
        execute format('drop function %s', f);
    end loop;
end $$;
drop policy door on idempotency_records;
drop policy door on outbox_events;
drop policy door on audit_entries;
drop policy door on attempts;
drop policy door on certificates;
drop policy door on invitations;
drop policy door on roles;
drop policy door on organizations;
drop policy door on memberships;
drop policy door on sessions;
drop policy door on users;
revoke all on users, sessions, memberships, organizations, roles, invitations, certificates, attempts, idempotency_records, audit_entries, outbox_events from lyceum_door;
