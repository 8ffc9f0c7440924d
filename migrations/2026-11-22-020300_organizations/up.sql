-- What an organisation says of itself, how it is set up, and how it ends.

alter table organizations
    add column locale text not null default 'en' check (locale ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$'),
    add column legal_company_name text check (length(legal_company_name) between 1 and 200),
    add column legal_address text check (length(legal_address) between 1 and 1000),
    add column legal_registration_number text check (length(legal_registration_number) between 1 and 100),
    add column legal_contact_email text check (length(legal_contact_email) between 3 and 254),
    add column ai_enabled boolean not null default false,
    add column allows_demo_use boolean not null default false,
    add column allows_marketing_use boolean not null default false,
    -- While it is set, members read and nobody writes; when it is past, everything is removed.
    add column deletes_at timestamptz,
    add column founded_by uuid references users on delete set null,
    add column version integer not null default 1;
create index organizations_due on organizations (deletes_at) where deletes_at is not null;
create index organizations_of_founder on organizations (founded_by) where founded_by is not null;
call classify('organizations', 'key', 'founded_by');
call classify('organizations', 'content', 'locale', 'legal_company_name', 'legal_address', 'legal_registration_number',
    'legal_contact_email', 'ai_enabled', 'allows_demo_use', 'allows_marketing_use', 'deletes_at', 'version');

-- Origins whose pages may call the API.
create table organization_origins (
    org_id uuid not null references organizations,
    origin text not null check (origin ~ '^https?://[a-z0-9.:-]{1,255}$'),
    primary key (org_id, origin)
);
call classify('organization_origins', 'key', 'org_id');
call classify('organization_origins', 'content', 'origin');
call isolate_by_org('organization_origins');
grant select, insert, delete on organization_origins to lyceum_app;

alter table roles no force row level security;
update roles set grants = grants || '{"org.update": ["all"]}' where is_built_in and slug in ('owner', 'admin');
update roles set grants = grants || '{"org.delete": ["all"]}' where is_built_in and slug = 'owner';
alter table roles force row level security;

-- The origins whose pages some organisation lets call the API.
grant select on organization_origins to lyceum_door;
create policy door on organization_origins for select to lyceum_door using (true);
create function door.origins()
returns table (origin text)
language sql stable security definer set search_path = pg_catalog, public rows 100
as $$ select distinct o.origin from public.organization_origins o $$;

-- How many organisations a person has founded that are still there.
grant select (founded_by, deletes_at) on organizations to lyceum_door;
create function door.founded_organizations(wanted_founder uuid)
returns table (founded bigint)
language sql stable security definer set search_path = pg_catalog, public rows 1
as $$ select count(*) from public.organizations where founded_by = wanted_founder $$;

-- The door of invitations says as well whether the organisation is about to be deleted, and opens nothing then.
drop function door.invitation;
create function door.invitation(wanted_hash bytea)
returns table (org_id uuid, id uuid, email text, organization_name text, role_name text, expires_at timestamptz, is_open boolean, is_closing boolean)
language sql stable security definer set search_path = pg_catalog, public rows 1
as $$
    select i.org_id, i.id, i.email, o.name, r.name, i.expires_at,
        i.state = 'pending' and i.expires_at > clock_timestamp() and o.deletes_at is null, o.deletes_at is not null
    from public.invitations i
    join public.organizations o on o.id = i.org_id
    join public.roles r on r.org_id = i.org_id and r.id = i.role_id
    where i.token_hash = wanted_hash
$$;

-- Organisations whose time is over.
create function door.due_organizations(most integer)
returns table (org_id uuid)
language sql stable security definer set search_path = pg_catalog, public rows 10
as $$ select id from public.organizations where deletes_at <= statement_timestamp() order by deletes_at limit most $$;

-- Courses and their revisions point to each other.
alter table courses alter constraint courses_org_id_id_revision_id_fkey deferrable initially immediate;

-- Removes everything of one organisation whose time is over, and says whether there was one. What was made later may point
-- to what was made earlier, so it goes first.
create function door.remove_organization(wanted_org uuid)
returns table (removed boolean)
language plpgsql volatile security definer set search_path = pg_catalog, public
as $$
declare tenant_table regclass;
begin
    if not exists (select from public.organizations o where o.id = wanted_org and o.deletes_at <= now())
        or not pg_try_advisory_xact_lock(hashtextextended('removal of ' || wanted_org, 0)) then
        return query select false;
        return;
    end if;
    set constraints public.courses_org_id_id_revision_id_fkey deferred;
    for tenant_table in select p.polrelid::regclass from pg_policy p join pg_attribute a on a.attrelid = p.polrelid and a.attname = 'org_id'
        where p.polname = 'removal' order by p.polrelid desc loop
        execute format('delete from %s where org_id = $1', tenant_table) using wanted_org;
    end loop;
    delete from public.organizations where id = wanted_org;
    return query select true;
end $$;

-- Says of a table that its rows go with their organisation: the one thing that removal may reach.
create procedure remove_with_org(target regclass) language plpgsql as $$
begin
    execute format('grant select (org_id), delete on %s to lyceum_door', target);
    execute format('create policy removal on %s to lyceum_door using (exists (select from organizations o where o.id = org_id and o.deletes_at <= now()))', target);
end $$;

do $$
declare t regclass; f regprocedure;
begin
    for t in select c.oid from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id'
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' loop
        call remove_with_org(t);
    end loop;
    grant delete on organizations to lyceum_door;
    create policy removal on organizations for delete to lyceum_door using (deletes_at <= now());
    foreach f in array array['door.invitation(bytea)', 'door.origins()', 'door.founded_organizations(uuid)', 'door.due_organizations(integer)', 'door.remove_organization(uuid)']::regprocedure[] loop
        execute format('revoke all on function %s from public', f);
        execute format('grant execute on function %s to lyceum_app', f);
        execute format('alter function %s owner to lyceum_door', f);
    end loop;
end $$;
