-- The look-ups that have no scope yet. Each runs as lyceum_door, sees the columns it names, returns the least,
-- and is listed in the decision record on tenancy. Nothing else may be owned by lyceum_door.

create policy door on users for select to lyceum_door using (true);
create policy door on sessions to lyceum_door using (true);
create policy door on idempotency_records to lyceum_door using (true);
create policy door on memberships for select to lyceum_door using (true);
create policy door on organizations for select to lyceum_door using (true);
create policy door on roles for select to lyceum_door using (true);
create policy door on invitations for select to lyceum_door using (true);
create policy door on certificates for select to lyceum_door using (true);
create policy door on attempts for select to lyceum_door using (true);
create policy door on audit_entries to lyceum_door using (true);
create policy door on outbox_events to lyceum_door using (true);
grant select (id, email, password_hash) on users to lyceum_door;
grant select (id, user_id, token_hash, expires_at, revoked_at) on sessions to lyceum_door;
grant select (org_id, id, user_id, role_id, state) on memberships to lyceum_door;
grant select (id, slug, name) on organizations to lyceum_door;
grant select (org_id, id, slug, name, grants) on roles to lyceum_door;
grant select (org_id, id, token_hash, state, expires_at, email, role_id) on invitations to lyceum_door;
grant select (org_id, id, code_hash, holder_name, course_title, organization_name, issued_at, revoked_at) on certificates to lyceum_door;
grant select (org_id, id, state, deadline_at) on attempts to lyceum_door;
grant delete on sessions to lyceum_door;
grant select (created_at), delete on idempotency_records to lyceum_door;
grant delete on outbox_events to lyceum_door;
grant select, update (sequence, seal) on audit_entries to lyceum_door;
grant select, update (sequence) on outbox_events to lyceum_door;

-- An organisation that a command on the server names, open or not.
create function door.organization(wanted_slug text)
returns table (org_id uuid)
language sql stable security definer set search_path = pg_catalog, public rows 1
as $$ select id from public.organizations where slug = wanted_slug $$;

create function door.sign_in(wanted_email text)
returns table (user_id uuid, password_hash text)
language sql stable security definer set search_path = pg_catalog, public rows 1
as $$ select id, password_hash from public.users where email = wanted_email $$;

-- A session and where its person is an active member: one row per membership, or one without.
create function door.session(wanted_hash bytea)
returns table (session_id uuid, user_id uuid, expires_at timestamptz, org_id uuid, org_slug text, member_id uuid, role_slug text, grants jsonb)
language sql stable security definer set search_path = pg_catalog, public rows 2
as $$
    select s.id, s.user_id, s.expires_at, m.org_id, o.slug, m.id, r.slug, r.grants
    from public.sessions s
    left join public.memberships m on m.user_id = s.user_id and m.state = 'active'
    left join public.roles r on r.org_id = m.org_id and r.id = m.role_id
    left join public.organizations o on o.id = m.org_id
    where s.token_hash = wanted_hash and s.revoked_at is null
$$;

-- What an invitation's token opens: enough to say who invites whom to be what, and where to accept it.
create function door.invitation(wanted_hash bytea)
returns table (org_id uuid, id uuid, email text, organization_name text, role_name text, expires_at timestamptz, is_open boolean)
language sql stable security definer set search_path = pg_catalog, public rows 1
as $$
    select i.org_id, i.id, i.email, o.name, r.name, i.expires_at, i.state = 'pending' and i.expires_at > clock_timestamp()
    from public.invitations i
    join public.organizations o on o.id = i.org_id
    join public.roles r on r.org_id = i.org_id and r.id = i.role_id
    where i.token_hash = wanted_hash
$$;

create function door.certificate(wanted_hash bytea)
returns table (holder_name text, course_title text, organization_name text, issued_at timestamptz, revoked_at timestamptz)
language sql stable security definer set search_path = pg_catalog, public rows 1
as $$ select holder_name, course_title, organization_name, issued_at, revoked_at from public.certificates where code_hash = wanted_hash $$;

-- Attempts whose time is over, for the sweeper. The clock of the statement is one that an index can be compared with.
create function door.due_attempts(grace interval, most integer)
returns table (org_id uuid, id uuid)
language sql stable security definer set search_path = pg_catalog, public rows 100
as $$ select org_id, id from public.attempts where state = 'in_progress' and deadline_at < statement_timestamp() - grace order by deadline_at limit most $$;

-- Organisations with records that wait for their number.
create function door.unsequenced_orgs(most integer)
returns table (org_id uuid)
language sql stable security definer set search_path = pg_catalog, public rows 100
as $$
    (select distinct org_id from public.outbox_events where sequence is null limit most)
    union
    (select distinct org_id from public.audit_entries where sequence is null limit most)
$$;

-- Numbers an organisation's events and seals its audit entries: those below every running transaction, in the
-- order of their transactions, one sequencer at a time. Returns the events it numbered.
create function door.sequence_records(wanted_org uuid)
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

-- Removes what has done its work, by the periods of its class. Returns how many rows.
create function door.forget_expired()
returns bigint
language sql volatile security definer set search_path = pg_catalog, public
as $$
    with idempotency as (
        delete from public.idempotency_records where created_at < now() - interval '24 hours' returning 1
    ), spent as (
        delete from public.sessions where least(expires_at, revoked_at) < now() - interval '30 days' returning 1
    ), told as (
        delete from public.outbox_events where sequence is not null and at < now() - interval '30 days' returning 1
    )
    select (select count(*) from idempotency) + (select count(*) from spent) + (select count(*) from told)
$$;

do $$
declare f regprocedure;
begin
    for f in select p.oid from pg_proc p where p.pronamespace = 'door'::regnamespace loop
        execute format('revoke all on function %s from public', f);
        execute format('grant execute on function %s to lyceum_app', f);
        execute format('alter function %s owner to lyceum_door', f);
    end loop;
end $$;
