drop function door.operator_set(text, boolean);
drop function door.end_support();
drop function door.session(bytea);
create function door.session(wanted_hash bytea)
returns table (session_id uuid, user_id uuid, expires_at timestamptz, authenticated_at timestamptz, last_used_at timestamptz,
    org_id uuid, org_slug text, member_id uuid, role_slug text, grants jsonb, policy_number integer)
language sql stable security definer set search_path = pg_catalog, public rows 2
as $$
    select s.id, s.user_id, least(t.expires_at, s.expires_at), s.authenticated_at, s.last_used_at,
        m.org_id, o.slug, m.id, r.slug, r.grants,
        (select max(p.number) from public.policy_revisions p where p.org_id = m.org_id)
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

revoke select (support_grant_id, support_scopes, support_until), update (state) on memberships from lyceum_door;
drop policy door_ends on memberships;

create policy granting on roles to lyceum_owner using (true);
create policy granting on memberships to lyceum_owner using (true);
update roles set grants = grants - 'support.grant.approve';
update memberships m set state = 'removed', role_id = (select l.id from roles l where l.org_id = m.org_id and l.slug = 'learner')
    where exists (select from roles r where r.org_id = m.org_id and r.id = m.role_id and r.slug = 'support');
delete from roles where slug = 'support' and is_built_in;
drop policy granting on memberships;
drop policy granting on roles;

drop trigger end_support_with_role on memberships;
drop function end_support_with_role();
alter table memberships drop column support_until, drop column support_scopes, drop column support_grant_id;
drop table support_grants;
drop table operators;
