create policy granting on roles to lyceum_owner using (true);
update roles set grants = grants - 'sso.manage';
drop policy granting on roles;

-- A session that was confined must not become one that is not.
create policy reverting on sessions to lyceum_owner using (true);
delete from sessions where confined_to is not null;
drop policy reverting on sessions;

drop function door.session(bytea);
create function door.session(wanted_hash bytea)
returns table (session_id uuid, user_id uuid, expires_at timestamptz, authenticated_at timestamptz, last_used_at timestamptz,
    org_id uuid, org_slug text, member_id uuid, role_slug text, grants jsonb, policy_number integer,
    support_grant_id uuid, support_scopes text[], support_until timestamptz)
language sql stable security definer set search_path = pg_catalog, public rows 2
as $$
    select s.id, s.user_id, least(t.expires_at, s.expires_at), s.authenticated_at, s.last_used_at,
        m.org_id, o.slug, m.id, r.slug, r.grants,
        (select max(p.number) from public.policy_revisions p where p.org_id = m.org_id),
        m.support_grant_id, m.support_scopes, m.support_until
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

revoke select (user_agent, network) on sessions from lyceum_door;
alter table sessions drop connection_id, drop confined_to;
drop table sso_identities;
drop table sso_connections;
