-- The Cedar policies that an organisation adds to the platform's. Each revision is the whole text and is kept; the one
-- with the highest number holds.

create table policy_revisions (
    org_id uuid not null references organizations,
    id uuid not null,
    number integer not null check (number > 0),
    source text not null check (octet_length(source) <= 65536),
    author_id uuid,
    created_at timestamptz not null default now(),
    primary key (org_id, id),
    unique (org_id, number),
    foreign key (org_id, author_id) references memberships
);
call classify('policy_revisions', 'key', 'org_id', 'id', 'author_id');
call classify('policy_revisions', 'content', 'number', 'source', 'created_at');
call isolate_by_org('policy_revisions');
grant select, insert on policy_revisions to lyceum_app;

create policy door on policy_revisions for select to lyceum_door using (true);
grant select (org_id, number, source) on policy_revisions to lyceum_door;

-- A standing is read before there is a scope, and so are the policies that it stands under.
create function door.policies(wanted_org uuid, wanted_number integer)
returns table (source text)
language sql stable security definer set search_path = pg_catalog, public rows 1
as $$ select source from public.policy_revisions where org_id = wanted_org and number = wanted_number $$;

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

create policy granting on roles to lyceum_owner using (true);
update roles set grants = grants || '{"policies.manage": ["all"]}' where is_built_in and slug in ('owner', 'admin');
drop policy granting on roles;

do $$
declare f regprocedure;
begin
    foreach f in array array['door.session(bytea)', 'door.policies(uuid, integer)']::regprocedure[] loop
        execute format('revoke all on function %s from public', f);
        execute format('grant execute on function %s to lyceum_app', f);
        execute format('alter function %s owner to lyceum_door', f);
    end loop;
end $$;
