-- Programs that act in an organisation, and the tokens that they do it with.

create table apps (
    org_id uuid not null references organizations,
    id uuid not null,
    name text not null check (length(name) between 1 and 200),
    description text not null default '' check (length(description) <= 2000),
    created_by uuid not null,
    created_at timestamptz not null default now(),
    primary key (org_id, id),
    foreign key (org_id, created_by) references memberships
);
call classify('apps', 'key', 'org_id', 'id', 'created_by');
call classify('apps', 'content', 'name', 'description', 'created_at');
call isolate_by_org('apps');
call remove_with_org('apps');
grant select, insert, update, delete on apps to lyceum_app;

-- A token acts as its owner, as far as its scopes go.
create table api_tokens (
    org_id uuid not null references organizations,
    id uuid not null,
    app_id uuid not null,
    owner_id uuid not null,
    name text not null check (length(name) between 1 and 100),
    -- How its present secret begins: what people and scanners recognise it by.
    prefix text not null check (length(prefix) between 8 and 32),
    scopes text[] not null check (cardinality(scopes) between 1 and 64),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    last_used_at timestamptz,
    networks text[] not null default '{}' check (cardinality(networks) <= 50),
    primary key (org_id, id),
    foreign key (org_id, app_id) references apps on delete cascade,
    foreign key (org_id, owner_id) references memberships
);
create index api_tokens_of_app on api_tokens (org_id, app_id, id);
call classify('api_tokens', 'key', 'org_id', 'id', 'app_id', 'owner_id');
call classify('api_tokens', 'content', 'name', 'scopes', 'created_at');
call classify('api_tokens', 'credential', 'prefix', 'expires_at', 'revoked_at', 'last_used_at', 'networks');
call isolate_by_org('api_tokens');
call remove_with_org('api_tokens');
grant select, insert, update on api_tokens to lyceum_app;

-- Its secrets: one, and while it is being exchanged the former beside it.
create table api_token_secrets (
    org_id uuid not null references organizations,
    token_id uuid not null,
    token_hash bytea not null check (length(token_hash) = 32),
    expires_at timestamptz not null,
    primary key (org_id, token_id, token_hash),
    foreign key (org_id, token_id) references api_tokens on delete cascade
);
create index api_token_secrets_by_hash on api_token_secrets (token_hash);
call classify('api_token_secrets', 'key', 'org_id', 'token_id');
call classify('api_token_secrets', 'credential', 'token_hash', 'expires_at');
call isolate_by_org('api_token_secrets');
call remove_with_org('api_token_secrets');
grant select, insert, update, delete on api_token_secrets to lyceum_app;

create policy door on apps to lyceum_door using (true);
create policy door on api_tokens to lyceum_door using (true);
create policy door on api_token_secrets to lyceum_door using (true);
create policy door_tells on organization_security_events for insert to lyceum_door with check (kind = 'api_token_used_from_new_network');
grant select, update (last_used_at, networks), delete on api_tokens to lyceum_door;
grant select, delete on api_token_secrets to lyceum_door;
grant insert on organization_security_events to lyceum_door;

alter table organization_security_events drop constraint organization_security_events_kind_check,
    add constraint organization_security_events_kind_check check (kind in ('signed_in', 'sign_in_failed', 'stepped_up',
        'step_up_failed', 'session_revoked', 'refresh_token_replayed', 'email_verified', 'email_changed', 'password_changed',
        'password_reset', 'second_factor_added', 'second_factor_removed', 'recovery_codes_made', 'recovery_code_used',
        'api_token_used_from_new_network'));

-- A token by its secret, with its owner's standing: nothing where the owner is no active member.
create function door.api_token(wanted_hash bytea)
returns table (org_id uuid, token_id uuid, scopes text[], networks text[], expires_at timestamptz, last_used_at timestamptz,
    user_id uuid, org_slug text, member_id uuid, role_slug text, grants jsonb, policy_number integer)
language sql stable security definer set search_path = pg_catalog, public rows 1
as $$
    select t.org_id, t.id, t.scopes, t.networks, least(t.expires_at, s.expires_at), t.last_used_at,
        m.user_id, o.slug, m.id, r.slug, r.grants,
        (select max(p.number) from public.policy_revisions p where p.org_id = t.org_id)
    from public.api_token_secrets s
    join public.api_tokens t on t.org_id = s.org_id and t.id = s.token_id
    join public.memberships m on m.org_id = t.org_id and m.id = t.owner_id and m.state = 'active'
    join public.roles r on r.org_id = m.org_id and r.id = m.role_id
    join public.organizations o on o.id = t.org_id
    where s.token_hash = wanted_hash and t.revoked_at is null
$$;

-- Notes that a token is in use, and tells the organisation of a network that it was not used from before; of the first one
-- there is nothing to tell.
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

-- Removes secrets a day after their time, and tokens thirty days after theirs.
create function door.forget_expired_of_apps()
returns bigint
language sql volatile security definer set search_path = pg_catalog, public
as $$
    with spent as (
        delete from public.api_token_secrets where expires_at < now() - interval '1 day' returning 1
    ), ended as (
        delete from public.api_tokens where least(expires_at, revoked_at) < now() - interval '30 days' returning 1
    )
    select (select count(*) from spent) + (select count(*) from ended)
$$;

create policy granting on roles to lyceum_owner using (true);
update roles set grants = grants || '{"apps.manage": ["all"]}' where is_built_in and slug in ('owner', 'admin');
drop policy granting on roles;

do $$
declare f regprocedure;
begin
    for f in select p.oid from pg_proc p where p.pronamespace = 'door'::regnamespace
        and p.proname in ('api_token', 'api_token_used', 'forget_expired_of_apps') loop
        execute format('revoke all on function %s from public', f);
        execute format('grant execute on function %s to lyceum_app', f);
        execute format('alter function %s owner to lyceum_door', f);
    end loop;
end $$;
