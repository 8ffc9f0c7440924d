-- Signing in by way of somebody else's service: whom services mean by whom, and sign-ins that are under way.

create table identities (
    id uuid primary key,
    user_id uuid not null references users on delete cascade,
    provider text not null check (provider in ('google', 'linkedin', 'facebook')),
    issuer text not null check (length(issuer) between 1 and 500),
    subject text not null check (length(subject) between 1 and 255),
    -- The address that the service told last, for people to tell their identities apart by.
    email text check (length(email) between 3 and 254),
    created_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    unique (issuer, subject)
);
create index identities_of_user on identities (user_id, id);
call classify('identities', 'key', 'id', 'user_id');
call classify('identities', 'credential', 'provider', 'issuer', 'subject', 'created_at', 'last_used_at');
call classify('identities', 'contact', 'email');
call isolate_by_user('identities', 'user_id');
grant select, insert, update, delete on identities to lyceum_app;

-- A sign-in from its beginning until its end, minutes later. Nobody is signed in, so it is reached through doors alone, each of
-- which takes a secret that only one party has: the page, the browser, the provider.
create table provider_sign_ins (
    id uuid primary key,
    stage text not null default 'begun' check (stage in ('begun', 'started', 'returned', 'proven')),
    return_to text not null check (length(return_to) between 1 and 2000),
    start_hash bytea not null unique check (length(start_hash) = 32),
    browser_hash bytea not null check (length(browser_hash) = 32),
    state_hash bytea unique check (length(state_hash) = 32),
    cookie_hash bytea check (length(cookie_hash) = 32),
    code_hash bytea unique check (length(code_hash) = 32),
    -- By what somebody signs in, what they prove it with, and in the end who they are; sealed for this row.
    sealed bytea not null check (length(sealed) between 40 and 20000),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index provider_sign_ins_by_age on provider_sign_ins (expires_at);
call classify('provider_sign_ins', 'key', 'id');
call classify('provider_sign_ins', 'credential', 'stage', 'return_to', 'start_hash', 'browser_hash', 'state_hash', 'cookie_hash',
    'code_hash', 'sealed', 'created_at', 'expires_at');
alter table provider_sign_ins enable row level security;
alter table provider_sign_ins force row level security;
create policy door on provider_sign_ins to lyceum_door using (true);
grant select, insert, update, delete on provider_sign_ins to lyceum_door;

create policy door on identities for select to lyceum_door using (true);
grant select (user_id, issuer, subject) on identities to lyceum_door;

create function door.identity(wanted_issuer text, wanted_subject text)
returns table (user_id uuid)
language sql stable security definer set search_path = pg_catalog, public rows 1
as $$ select user_id from public.identities where issuer = wanted_issuer and subject = wanted_subject $$;

create function door.sign_in_begins(new_id uuid, given_return_to text, given_start bytea, given_browser bytea, given_sealed bytea,
    given_expiry timestamptz)
returns void
language sql volatile security definer set search_path = pg_catalog, public
as $$
    insert into public.provider_sign_ins (id, return_to, start_hash, browser_hash, sealed, expires_at)
    values (new_id, given_return_to, given_start, given_browser, given_sealed, given_expiry)
$$;

-- A browser sets out: once.
create function door.sign_in_starts(wanted_start bytea, given_state bytea, given_cookie bytea, at timestamptz)
returns table (id uuid, return_to text, sealed bytea)
language sql volatile security definer set search_path = pg_catalog, public rows 1
as $$
    update public.provider_sign_ins s set stage = 'started', state_hash = given_state, cookie_hash = given_cookie
    where s.start_hash = wanted_start and s.stage = 'begun' and s.expires_at > at
    returning s.id, s.return_to, s.sealed
$$;

-- The same browser comes back: once.
create function door.sign_in_returns(wanted_state bytea, wanted_cookie bytea, at timestamptz)
returns table (id uuid, return_to text, sealed bytea)
language sql volatile security definer set search_path = pg_catalog, public rows 1
as $$
    update public.provider_sign_ins s set stage = 'returned'
    where s.state_hash = wanted_state and s.cookie_hash = wanted_cookie and s.stage = 'started' and s.expires_at > at
    returning s.id, s.return_to, s.sealed
$$;

-- The provider has said who it is; a code opens it to the page.
create function door.sign_in_is_proven(wanted uuid, given_code bytea, given_sealed bytea)
returns void
language sql volatile security definer set search_path = pg_catalog, public
as $$
    update public.provider_sign_ins s set stage = 'proven', code_hash = given_code, sealed = given_sealed
    where s.id = wanted and s.stage = 'returned'
$$;

-- The page that began it completes it: once. What it was about is forgotten.
create function door.sign_in_completes(wanted_code bytea, wanted_browser bytea, at timestamptz)
returns table (id uuid, return_to text, sealed bytea)
language sql volatile security definer set search_path = pg_catalog, public rows 1
as $$
    delete from public.provider_sign_ins s
    where s.code_hash = wanted_code and s.browser_hash = wanted_browser and s.stage = 'proven' and s.expires_at > at
    returning s.id, s.return_to, s.sealed
$$;

create function door.forget_expired_sign_ins()
returns bigint
language sql volatile security definer set search_path = pg_catalog, public
as $$
    with spent as (delete from public.provider_sign_ins where expires_at < now() - interval '1 hour' returning 1)
    select count(*) from spent
$$;

do $$
declare target text; f regprocedure;
begin
    foreach target in array array['security_events', 'organization_security_events'] loop
        execute format('alter table %I drop constraint %I, add constraint %I check (kind in (''signed_in'', ''sign_in_failed'',
            ''stepped_up'', ''step_up_failed'', ''session_revoked'', ''refresh_token_replayed'', ''email_verified'', ''email_changed'',
            ''password_changed'', ''password_reset'', ''second_factor_added'', ''second_factor_removed'', ''recovery_codes_made'',
            ''recovery_code_used'', ''api_token_used_from_new_network'', ''signed_in_by_provider'', ''identity_linked'',
            ''identity_unlinked''))', target, target || '_kind_check', target || '_kind_check');
    end loop;
    for f in select p.oid from pg_proc p where p.pronamespace = 'door'::regnamespace
        and p.proname in ('identity', 'sign_in_begins', 'sign_in_starts', 'sign_in_returns', 'sign_in_is_proven', 'sign_in_completes',
            'forget_expired_sign_ins') loop
        execute format('revoke all on function %s from public', f);
        execute format('grant execute on function %s to lyceum_app', f);
        execute format('alter function %s owner to lyceum_door', f);
    end loop;
end $$;
