create or replace function door.sequence_records(wanted_org uuid)
returns table (id uuid, sequence bigint, kind text, subject text, detail jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, public
as $$
declare
    entry record;
    number bigint;
    previous bytea;
    horizon xid8 := pg_snapshot_xmin(pg_current_snapshot());
begin
    if not pg_try_advisory_xact_lock(hashtextextended('sequencer of ' || wanted_org, 0)) then
        return;
    end if;
    select a.sequence, a.seal into number, previous from public.audit_entries a
        where a.org_id = wanted_org and a.sequence is not null order by a.sequence desc limit 1;
    number := coalesce(number, 0);
    previous := coalesce(previous, decode(repeat('00', 32), 'hex'));
    for entry in
        select a.* from public.audit_entries a
        where a.org_id = wanted_org and a.sequence is null and a.transaction_id < horizon order by a.transaction_id, a.id limit 1000
    loop
        number := number + 1;
        previous := sha256(previous || convert_to(concat_ws(chr(31), wanted_org, number, entry.id,
            to_char(entry.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), coalesce(entry.actor_id::text, ''),
            entry.action, entry.target, entry.detail::text, entry.request_id), 'UTF8'));
        update public.audit_entries a set sequence = number, seal = previous where a.org_id = wanted_org and a.id = entry.id;
    end loop;
    return query
        with base as (
            select coalesce(max(e.sequence), 0) as last from public.outbox_events e where e.org_id = wanted_org
        ), numbered as (
            select e.id, (select last from base) + row_number() over (order by e.transaction_id, e.id) as sequence
            from public.outbox_events e
            where e.org_id = wanted_org and e.sequence is null and e.transaction_id < horizon
            order by e.transaction_id, e.id limit 1000
        )
        update public.outbox_events e set sequence = n.sequence from numbered n
        where e.org_id = wanted_org and e.id = n.id
        returning e.id, e.sequence, e.kind, e.subject, e.detail;
end $$;
drop table audit_ends;
