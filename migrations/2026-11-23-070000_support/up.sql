-- Operators of the platform, and the leave that organisations give them.

create table operators (
    user_id uuid primary key references users on delete cascade,
    added_at timestamptz not null default now()
);
call classify('operators', 'key', 'user_id');
call classify('operators', 'operation', 'added_at');
call isolate_by_user('operators', 'user_id');
grant select on operators to lyceum_app;

create table support_grants (
    org_id uuid not null references organizations,
    id uuid not null,
    operator_id uuid not null references users,
    operator_name text not null check (length(operator_name) between 1 and 200),
    reason text not null check (length(reason) between 10 and 2000),
    permissions text[] not null check (cardinality(permissions) between 1 and 64),
    hours integer not null check (hours between 1 and 72),
    state text not null default 'requested' check (state in ('requested', 'approved', 'declined', 'revoked')),
    requested_at timestamptz not null,
    decided_by uuid,
    decided_at timestamptz,
    expires_at timestamptz,
    primary key (org_id, id),
    foreign key (org_id, decided_by) references memberships
);
create index support_grants_of_operator on support_grants (operator_id, id);
call classify('support_grants', 'key', 'org_id', 'id', 'operator_id', 'decided_by');
call classify('support_grants', 'audit', 'operator_name', 'reason', 'permissions', 'hours', 'state', 'requested_at', 'decided_at', 'expires_at');
call isolate_by_org('support_grants');
call remove_with_org('support_grants');
create policy own_rows on support_grants for select to lyceum_app using (operator_id = (select app_user()));
grant select, insert, update (state, decided_by, decided_at, expires_at) on support_grants to lyceum_app;

-- A membership by a grant: as what it is for, and until when.
alter table memberships
    add column support_grant_id uuid,
    add column support_scopes text[],
    add column support_until timestamptz,
    add constraint memberships_support_grant_fkey foreign key (org_id, support_grant_id) references support_grants
        deferrable initially deferred, -- each names the other, and both go with their organisation
    add constraint memberships_support_whole check (num_nulls(support_grant_id, support_scopes, support_until) in (0, 3));
create index memberships_by_support on memberships (support_until) where support_until is not null and state = 'active';
call classify('memberships', 'key', 'support_grant_id');
call classify('memberships', 'operation', 'support_scopes', 'support_until');

-- Whoever gets another role is a member like others from then on.
create function end_support_with_role() returns trigger language plpgsql as $$
begin
    new.support_grant_id := null;
    new.support_scopes := null;
    new.support_until := null;
    return new;
end $$;
create trigger end_support_with_role before update on memberships for each row
    when (old.support_until is not null and new.role_id <> old.role_id) execute function end_support_with_role();

-- The role of operators, in the organisations of before too.
create policy granting on organizations for select to lyceum_owner using (true);
create policy granting on roles to lyceum_owner using (true) with check (true);
insert into roles (org_id, id, slug, name, is_built_in, grants)
select o.id, gen_random_uuid(), 'support', 'Support', true,
    '{"members.read": ["all"], "courses.read": ["all"], "courses.read_draft": ["all"], "courses.update": ["all"], "enrollments.manage": ["all"], "learning_records.read": ["all"], "audit.read": ["all"], "security.read": ["all"]}'
from organizations o where not exists (select from roles r where r.org_id = o.id and r.slug = 'support');
update roles set grants = grants || '{"support.grant.approve": ["all"]}' where is_built_in and slug in ('owner', 'admin');
drop policy granting on roles;
drop policy granting on organizations;

create policy door on operators to lyceum_door using (true);
create policy door on support_grants to lyceum_door using (true);
create policy door_ends on memberships for update to lyceum_door using (support_until is not null);
grant select, insert, delete on operators to lyceum_door;
grant select (operator_id, state), update (state, decided_at) on support_grants to lyceum_door;
grant select (support_grant_id, support_scopes, support_until, state), update (state) on memberships to lyceum_door;

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

-- Ends the memberships whose grant is over.
create function door.end_support()
returns table (user_id uuid)
language sql volatile security definer set search_path = pg_catalog, public
as $$
    update public.memberships m set state = 'removed' where m.support_until <= now() and m.state = 'active' returning m.user_id
$$;

-- Makes the account of an address an operator's, or no longer. For the owner of the tables alone: no way leads here from the API.
create function door.operator_set(wanted_email text, is_operator boolean)
returns table (found boolean)
language plpgsql volatile security definer set search_path = pg_catalog, public
as $$
declare account uuid;
begin
    select u.id into account from public.users u where u.email = lower(wanted_email);
    if account is not null and is_operator then
        insert into public.operators (user_id) values (account) on conflict do nothing;
    elsif account is not null then
        delete from public.operators o where o.user_id = account;
        update public.memberships m set state = 'removed'
            where m.user_id = account and m.support_until is not null and m.state <> 'removed';
        update public.support_grants g set state = 'revoked', decided_at = now()
            where g.operator_id = account and g.state in ('requested', 'approved');
    end if;
    return query select account is not null;
end $$;

do $$
declare f regprocedure;
begin
    foreach f in array array['door.session(bytea)', 'door.end_support()', 'door.operator_set(text, boolean)']::regprocedure[] loop
        execute format('revoke all on function %s from public', f);
        if f = 'door.operator_set(text, boolean)'::regprocedure then
            execute format('grant execute on function %s to lyceum_owner', f);
        else
            execute format('grant execute on function %s to lyceum_app', f);
        end if;
        execute format('alter function %s owner to lyceum_door', f);
    end loop;
end $$;
