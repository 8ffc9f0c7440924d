-- A session that an organisation's provider opened is good while the provider may sign its member in: no owner, and somebody with an
-- account of their own only while that is linked.

-- Nobody signs in to the account behind some members: a provider or a backend made them, or what was theirs is erased.
alter table memberships add column is_provisioned boolean not null default false;
call classify('memberships', 'operation', 'is_provisioned');
create policy mending on memberships to lyceum_owner using (true);
create policy mending on users for select to lyceum_owner using (true);
update memberships m set is_provisioned = true from users u where u.id = m.user_id and u.email like '%@provisioned.invalid';
drop policy mending on users;
drop policy mending on memberships;
grant select (is_provisioned) on memberships to lyceum_door;

create policy door on sso_identities for select to lyceum_door using (true);
grant select (connection_id, member_id) on sso_identities to lyceum_door;

create or replace function door.session(wanted_hash bytea)
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
            join public.memberships own on own.org_id = c.org_id and own.user_id = s.user_id
            join public.roles held on held.org_id = own.org_id and held.id = own.role_id and held.slug <> 'owner'
            join public.sso_identities i on i.org_id = c.org_id and i.connection_id = c.id and i.member_id = own.id
            where c.org_id = s.confined_to and c.id = s.connection_id and c.is_enabled
                and (own.is_provisioned or exists (select from public.account_links l
                    where l.org_id = own.org_id and l.member_id = own.id and l.state = 'accepted'))))
$$;
