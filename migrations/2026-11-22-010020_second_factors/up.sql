-- The second factor of an account: one-time codes by time (RFC 6238), and recovery codes in their place.

create table totp_factors (
    user_id uuid primary key references users on delete cascade,
    -- Sealed with a key that follows from the master key.
    secret bytea not null check (length(secret) between 40 and 200),
    created_at timestamptz not null default now(),
    confirmed_at timestamptz,
    -- The time step of the last code that was accepted: neither it nor an earlier one is accepted again.
    last_step bigint
);
call classify('totp_factors', 'key', 'user_id');
call classify('totp_factors', 'credential', 'secret', 'created_at', 'confirmed_at', 'last_step');
call isolate_by_user('totp_factors', 'user_id');
grant select, insert, update, delete on totp_factors to lyceum_app;

create table recovery_codes (
    user_id uuid not null references users on delete cascade,
    code_hash bytea not null check (length(code_hash) = 32),
    created_at timestamptz not null default now(),
    used_at timestamptz,
    primary key (user_id, code_hash)
);
call classify('recovery_codes', 'key', 'user_id');
call classify('recovery_codes', 'credential', 'code_hash', 'created_at', 'used_at');
call isolate_by_user('recovery_codes', 'user_id');
grant select, insert, update, delete on recovery_codes to lyceum_app;

create policy door on totp_factors for select to lyceum_door using (true);
grant select (user_id, confirmed_at) on totp_factors to lyceum_door;

-- As before, with whether the account has a second factor.
drop function door.session(bytea);
create function door.session(wanted_hash bytea)
returns table (session_id uuid, user_id uuid, expires_at timestamptz, authenticated_at timestamptz, last_used_at timestamptz,
    has_second_factor boolean, org_id uuid, org_slug text, member_id uuid, role_slug text, grants jsonb)
language sql stable security definer set search_path = pg_catalog, public rows 2
as $$
    select s.id, s.user_id, least(t.expires_at, s.expires_at), s.authenticated_at, s.last_used_at,
        exists (select from public.totp_factors f where f.user_id = s.user_id and f.confirmed_at is not null),
        m.org_id, o.slug, m.id, r.slug, r.grants
    from public.session_tokens t
    join public.sessions s on s.id = t.session_id
    left join public.memberships m on m.user_id = s.user_id and m.state = 'active'
    left join public.roles r on r.org_id = m.org_id and r.id = m.role_id
    left join public.organizations o on o.id = m.org_id
    where t.token_hash = wanted_hash and t.kind = 'access' and s.revoked_at is null
$$;
revoke all on function door.session(bytea) from public;
grant execute on function door.session(bytea) to lyceum_app;
alter function door.session(bytea) owner to lyceum_door;
