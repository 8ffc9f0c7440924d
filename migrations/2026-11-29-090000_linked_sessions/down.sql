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
            where c.org_id = s.confined_to and c.id = s.connection_id and c.is_enabled))
$$;

revoke select (connection_id, member_id) on sso_identities from lyceum_door;
drop policy door on sso_identities;
alter table memberships drop column is_provisioned;
