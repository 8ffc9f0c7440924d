-- Sessions with short access tokens and rotating refresh tokens, what happened to accounts, and the idempotency of writes
-- that belong to a person instead of an organisation.

alter table sessions
    -- When the person last proved who they are: at sign-in, and when they step up.
    add authenticated_at timestamptz not null default now(),
    add last_used_at timestamptz not null default now(),
    add user_agent text check (length(user_agent) between 1 and 200),
    add network text check (length(network) between 1 and 50);
call classify('sessions', 'credential', 'authenticated_at', 'last_used_at', 'user_agent', 'network');

create table session_tokens (
    token_hash bytea primary key check (length(token_hash) = 32),
    session_id uuid not null references sessions on delete cascade,
    user_id uuid not null references users,
    kind text not null check (kind in ('access', 'refresh')),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    -- When a refresh token was exchanged: whoever shows it afterwards shows a copy.
    spent_at timestamptz check (spent_at is null or kind = 'refresh')
);
create index session_tokens_of_session on session_tokens (session_id);
call classify('session_tokens', 'key', 'session_id', 'user_id');
call classify('session_tokens', 'credential', 'token_hash', 'kind', 'created_at', 'expires_at', 'spent_at');
call isolate_by_user('session_tokens', 'user_id');
grant select, insert, update on session_tokens to lyceum_app;

-- Row security binds the owner too, so moving what is there takes a policy of its own.
create policy moving on sessions to lyceum_owner using (true);
create policy moving on session_tokens to lyceum_owner using (true);
insert into session_tokens (token_hash, session_id, user_id, kind, created_at, expires_at)
    select token_hash, id, user_id, 'access', created_at, expires_at from sessions;
drop policy moving on sessions;
drop policy moving on session_tokens;

-- Written once and never changed, like the audit of an organisation.
create table security_events (
    id uuid primary key,
    user_id uuid not null references users,
    at timestamptz not null default now(),
    kind text not null check (kind in ('signed_in', 'sign_in_failed', 'stepped_up', 'step_up_failed', 'session_revoked',
        'refresh_token_replayed', 'email_verified', 'email_changed', 'password_changed', 'password_reset',
        'second_factor_added', 'second_factor_removed', 'recovery_codes_made', 'recovery_code_used')),
    session_id uuid,
    user_agent text check (length(user_agent) between 1 and 200),
    network text check (length(network) between 1 and 50)
);
create index security_events_of_user on security_events (user_id, id);
call classify('security_events', 'key', 'id', 'user_id', 'session_id');
call classify('security_events', 'audit', 'at', 'kind', 'user_agent', 'network');
call isolate_by_user('security_events', 'user_id');
grant select, insert on security_events to lyceum_app;

create table account_idempotency_records (
    user_id uuid not null references users,
    mutation text not null,
    key text not null check (length(key) between 1 and 200),
    input_hash bytea not null check (length(input_hash) = 32),
    outcome jsonb not null,
    created_at timestamptz not null default now(),
    primary key (user_id, mutation, key)
);
create index account_idempotency_records_by_age on account_idempotency_records (created_at);
call classify('account_idempotency_records', 'key', 'user_id', 'mutation', 'key');
call classify('account_idempotency_records', 'operation', 'input_hash', 'outcome', 'created_at');
call isolate_by_user('account_idempotency_records', 'user_id');
grant select, insert on account_idempotency_records to lyceum_app;

create policy door on session_tokens to lyceum_door using (true);
create policy door on account_idempotency_records to lyceum_door using (true);
grant select, delete on session_tokens to lyceum_door;
grant select (created_at), delete on account_idempotency_records to lyceum_door;
grant select (authenticated_at, last_used_at), update (last_used_at, user_agent, network) on sessions to lyceum_door;

-- A session by its access token, and where its person is an active member: one row per membership, or one without.
drop function door.session(bytea);
create function door.session(wanted_hash bytea)
returns table (session_id uuid, user_id uuid, expires_at timestamptz, authenticated_at timestamptz, last_used_at timestamptz,
    org_id uuid, org_slug text, member_id uuid, role_slug text, grants jsonb)
language sql stable security definer set search_path = pg_catalog, public rows 2
as $$
    select s.id, s.user_id, least(t.expires_at, s.expires_at), s.authenticated_at, s.last_used_at,
        m.org_id, o.slug, m.id, r.slug, r.grants
    from public.session_tokens t
    join public.sessions s on s.id = t.session_id
    left join public.memberships m on m.user_id = s.user_id and m.state = 'active'
    left join public.roles r on r.org_id = m.org_id and r.id = m.role_id
    left join public.organizations o on o.id = m.org_id
    where t.token_hash = wanted_hash and t.kind = 'access' and s.revoked_at is null
$$;
alter function door.session(bytea) owner to lyceum_door;
revoke all on function door.session(bytea) from public;
grant execute on function door.session(bytea) to lyceum_app;

-- Notes when and from where a session was used last.
create function door.session_used(wanted_session uuid, seen_at timestamptz, seen_user_agent text, seen_network text)
returns void
language sql volatile security definer set search_path = pg_catalog, public
as $$
    update public.sessions set last_used_at = seen_at, user_agent = coalesce(seen_user_agent, user_agent),
        network = coalesce(seen_network, network)
    where id = wanted_session and last_used_at < seen_at
$$;

-- Whose session a refresh token continues.
create function door.refresh_token(wanted_hash bytea)
returns table (session_id uuid, user_id uuid)
language sql stable security definer set search_path = pg_catalog, public rows 1
as $$ select session_id, user_id from public.session_tokens where token_hash = wanted_hash and kind = 'refresh' $$;

-- Removes what accounts no longer need: access tokens a day after their time, idempotency records after theirs. Sessions go
-- with `forget_expired`, and take their refresh tokens along.
create function door.forget_expired_of_accounts()
returns bigint
language sql volatile security definer set search_path = pg_catalog, public
as $$
    with spent as (
        delete from public.session_tokens where kind = 'access' and expires_at < now() - interval '1 day' returning 1
    ), idempotency as (
        delete from public.account_idempotency_records where created_at < now() - interval '24 hours' returning 1
    )
    select (select count(*) from spent) + (select count(*) from idempotency)
$$;

do $$
declare f regprocedure;
begin
    for f in select p.oid from pg_proc p where p.pronamespace = 'door'::regnamespace
        and p.proname in ('session_used', 'refresh_token', 'forget_expired_of_accounts') loop
        execute format('revoke all on function %s from public', f);
        execute format('grant execute on function %s to lyceum_app', f);
        execute format('alter function %s owner to lyceum_door', f);
    end loop;
end $$;

alter table sessions drop token_hash;
