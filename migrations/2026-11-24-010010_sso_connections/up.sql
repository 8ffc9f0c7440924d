-- An organisation's own provider, by which its people sign in to it and to nothing else.

create table sso_connections (
    org_id uuid not null references organizations,
    id uuid not null,
    issuer text not null check (length(issuer) between 1 and 500),
    client_id text not null check (length(client_id) between 1 and 500),
    -- Sealed for this row.
    client_secret bytea not null check (length(client_secret) between 40 and 1100),
    is_enabled boolean not null default true,
    -- What the provider decides about its people, and nobody changes here.
    locked_fields text[] not null default '{name,email}' check (locked_fields <@ array['name', 'email']),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    primary key (org_id, id),
    unique (org_id)
);
call classify('sso_connections', 'key', 'org_id', 'id');
call classify('sso_connections', 'content', 'issuer', 'client_id', 'is_enabled', 'locked_fields', 'created_at', 'updated_at', 'version');
call classify('sso_connections', 'credential', 'client_secret');
call isolate_by_org('sso_connections');
call remove_with_org('sso_connections');
grant select, insert, update, delete on sso_connections to lyceum_app;

-- Whom the provider means by whom: in this organisation alone.
create table sso_identities (
    org_id uuid not null references organizations,
    connection_id uuid not null,
    subject text not null check (length(subject) between 1 and 255),
    member_id uuid not null,
    created_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    primary key (org_id, connection_id, subject),
    foreign key (org_id, connection_id) references sso_connections on delete cascade,
    foreign key (org_id, member_id) references memberships
);
create index sso_identities_of_member on sso_identities (org_id, member_id);
call classify('sso_identities', 'key', 'org_id', 'connection_id', 'member_id');
call classify('sso_identities', 'credential', 'subject', 'created_at', 'last_used_at');
call isolate_by_org('sso_identities');
call remove_with_org('sso_identities');
grant select, insert, update, delete on sso_identities to lyceum_app;

-- A session that an organisation's provider opened is good in that organisation, while the provider is its provider.
alter table sessions
    add confined_to uuid references organizations on delete cascade,
    add connection_id uuid,
    add check ((confined_to is null) = (connection_id is null));
call classify('sessions', 'key', 'confined_to', 'connection_id');
create index sessions_confined on sessions (confined_to) where confined_to is not null;

create policy door on sso_connections for select to lyceum_door using (true);
grant select (org_id, id, is_enabled) on sso_connections to lyceum_door;
grant select (confined_to, connection_id) on sessions to lyceum_door;
-- What `session_used` keeps where nothing new is seen.
grant select (user_agent, network) on sessions to lyceum_door;

drop function door.session(bytea);
create function door.session(wanted_hash bytea)
returns table (session_id uuid, user_id uuid, confined_to uuid, expires_at timestamptz, authenticated_at timestamptz,
    last_used_at timestamptz, org_id uuid, org_slug text, member_id uuid, role_slug text, grants jsonb, policy_number integer,
    support_grant_id uuid, support_scopes text[], support_until timestamptz)
language sql stable security definer set search_path = pg_catalog, public rows 2
as $$
    select s.id, s.user_id, s.confined_to, least(t.expires_at, s.expires_at), s.authenticated_at, s.last_used_at,
        m.org_id, o.slug, m.id, r.slug, r.grants,
        (select max(p.number) from public.policy_revisions p where p.org_id = m.org_id),
        m.support_grant_id, m.support_scopes, m.support_until
    from public.session_tokens t
    join public.sessions s on s.id = t.session_id
    left join public.memberships m on m.user_id = s.user_id and m.state = 'active'
        and m.org_id = coalesce(s.confined_to, m.org_id)
    left join public.roles r on r.org_id = m.org_id and r.id = m.role_id
    left join public.organizations o on o.id = m.org_id
    where t.token_hash = wanted_hash and t.kind = 'access' and s.revoked_at is null
        and (s.confined_to is null or exists (select from public.sso_connections c
            where c.org_id = s.confined_to and c.id = s.connection_id and c.is_enabled))
$$;
alter function door.session(bytea) owner to lyceum_door;
revoke all on function door.session(bytea) from public;
grant execute on function door.session(bytea) to lyceum_app;

create policy granting on roles to lyceum_owner using (true);
update roles set grants = grants || '{"sso.manage": ["all"]}' where is_built_in and slug in ('owner', 'admin');
drop policy granting on roles;
