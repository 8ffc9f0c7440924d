-- Learners for whom a backend acts, and pages that show a learner one course.

-- What a partner's own system calls a member.
alter table memberships add column external_id text check (length(external_id) between 1 and 255),
    add constraint memberships_org_id_external_id_key unique (org_id, external_id);
call classify('memberships', 'key', 'external_id');

create table learner_sessions (
    org_id uuid not null references organizations,
    id uuid not null,
    member_id uuid not null,
    token_id uuid not null,
    token_hash bytea not null check (length(token_hash) = 32),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    -- Of one that is safe in a browser: its course, the pages that may use it, the documents that it may send, and what they may
    -- cost together.
    course_id uuid,
    origins text[] check (cardinality(origins) between 1 and 20),
    operations text[] check (cardinality(operations) between 1 and 100),
    budget bigint check (budget > 0),
    spent bigint not null default 0,
    primary key (org_id, id),
    foreign key (org_id, member_id) references memberships,
    foreign key (org_id, token_id) references api_tokens on delete cascade,
    foreign key (org_id, course_id) references courses,
    check (num_nulls(course_id, origins, operations, budget) in (0, 4)),
    check (spent between 0 and coalesce(budget, 0))
);
create index learner_sessions_by_hash on learner_sessions (token_hash);
call classify('learner_sessions', 'key', 'org_id', 'id', 'member_id', 'token_id', 'course_id');
call classify('learner_sessions', 'credential', 'token_hash', 'created_at', 'expires_at', 'revoked_at', 'origins', 'operations',
    'budget', 'spent');
call isolate_by_org('learner_sessions');
call remove_with_org('learner_sessions');
grant select, insert, update (revoked_at) on learner_sessions to lyceum_app;

create policy door on learner_sessions to lyceum_door using (true);
grant select, update (spent), delete on learner_sessions to lyceum_door;

-- A session by its token, with the standings of the learner and of whoever's token opened it: nothing where one of them is no
-- active member, or that token is no longer good.
create function door.learner_session(wanted_hash bytea)
returns table (org_id uuid, session_id uuid, token_id uuid, expires_at timestamptz, course_id uuid, origins text[],
    operations text[], user_id uuid, org_slug text, member_id uuid, grants jsonb, policy_number integer,
    behind_user_id uuid, behind_grants jsonb, scopes text[])
language sql stable security definer set search_path = pg_catalog, public rows 1
as $$
    select l.org_id, l.id, t.id, least(l.expires_at, t.expires_at), l.course_id, l.origins, l.operations,
        m.user_id, o.slug, m.id, r.grants,
        (select max(p.number) from public.policy_revisions p where p.org_id = l.org_id),
        b.user_id, br.grants, t.scopes
    from public.learner_sessions l
    join public.api_tokens t on t.org_id = l.org_id and t.id = l.token_id and t.revoked_at is null
    join public.memberships m on m.org_id = l.org_id and m.id = l.member_id and m.state = 'active'
    join public.roles r on r.org_id = m.org_id and r.id = m.role_id
    join public.memberships b on b.org_id = t.org_id and b.id = t.owner_id and b.state = 'active'
    join public.roles br on br.org_id = b.org_id and br.id = b.role_id
    join public.organizations o on o.id = l.org_id
    where l.token_hash = wanted_hash and l.revoked_at is null
$$;

-- Takes from a session's budget, if so much is left.
create function door.learner_session_spends(wanted_org uuid, wanted_session uuid, cost bigint)
returns table (granted boolean)
language sql volatile security definer set search_path = pg_catalog, public rows 1
as $$
    with taken as (
        update public.learner_sessions l set spent = l.spent + cost
        where l.org_id = wanted_org and l.id = wanted_session and l.spent + cost <= l.budget returning 1
    )
    select exists (select from taken)
$$;

create or replace function door.forget_expired_of_apps()
returns bigint
language sql volatile security definer set search_path = pg_catalog, public
as $$
    with spent as (
        delete from public.api_token_secrets where expires_at < now() - interval '1 day' returning 1
    ), over as (
        delete from public.learner_sessions where least(expires_at, revoked_at) < now() - interval '30 days' returning 1
    ), ended as (
        delete from public.api_tokens where least(expires_at, revoked_at) < now() - interval '30 days' returning 1
    )
    select (select count(*) from spent) + (select count(*) from over) + (select count(*) from ended)
$$;

-- The course that a session is confined to, if it is to one. Whatever of other courses there is does not exist for it.
create function app_course() returns uuid language sql stable parallel safe
as $$ select nullif(current_setting('app.course', true), '')::uuid $$;

create procedure confine_to_course(target regclass, course_column text) language plpgsql as $$
begin
    execute format('create policy one_course on %s as restrictive to lyceum_app using ((select app_course()) is null or %I = (select app_course()))',
        target, course_column);
end $$;
call confine_to_course('courses', 'id');
call confine_to_course('course_instructors', 'course_id');
call confine_to_course('course_drafts', 'course_id');
call confine_to_course('draft_modules', 'course_id');
call confine_to_course('draft_units', 'course_id');
call confine_to_course('course_revisions', 'course_id');
call confine_to_course('enrollments', 'course_id');
call confine_to_course('attempts', 'course_id');
call confine_to_course('certificates', 'course_id');

-- An account that nobody signs in to, for a member for whom a backend acts: its address is of a domain that there cannot be,
-- and what stands for its password is the hash of none.
create policy door_provisions on users for insert to lyceum_door with check (email like '%@provisioned.invalid' and password_hash = 'none');
create function door.provision_account(given_first_name text, given_last_name text)
returns table (id uuid, email text)
language sql volatile security definer set search_path = pg_catalog, public rows 1
as $$
    with new as (select gen_random_uuid() as id)
    insert into public.users (id, email, first_name, last_name, password_hash)
    select n.id, n.id || '@provisioned.invalid', given_first_name, given_last_name, 'none' from new n
    returning users.id, users.email
$$;
grant insert (id, email, first_name, last_name, password_hash) on users to lyceum_door;

create policy granting on roles to lyceum_owner using (true);
update roles set grants = grants || '{"learner_sessions.create": ["all"]}' where is_built_in and slug in ('owner', 'admin');
drop policy granting on roles;

do $$
declare f regprocedure;
begin
    for f in select p.oid from pg_proc p where p.pronamespace = 'door'::regnamespace
        and p.proname in ('learner_session', 'learner_session_spends', 'provision_account') loop
        execute format('revoke all on function %s from public', f);
        execute format('grant execute on function %s to lyceum_app', f);
        execute format('alter function %s owner to lyceum_door', f);
    end loop;
end $$;
