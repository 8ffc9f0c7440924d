-- Tenants. The table is small and read by every node: a reference table, not a distributed one.

create table organizations (
    id uuid primary key,
    slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name text not null check (length(name) between 1 and 200),
    is_open boolean not null default false,
    created_at timestamptz not null default now()
);
call classify('organizations', 'key', 'id');
call classify('organizations', 'content', 'slug', 'name', 'is_open', 'created_at');
alter table organizations enable row level security;
alter table organizations force row level security;
create policy org_rows on organizations to lyceum_app using (id = any ((select app_orgs())::uuid[]));
-- An open organisation shows its name and its public catalogue to everybody.
create policy open_orgs on organizations for select to lyceum_app using (is_open);
grant select, insert, update on organizations to lyceum_app;

create table roles (
    org_id uuid not null references organizations,
    id uuid not null,
    slug text not null check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name text not null check (length(name) between 1 and 100),
    is_built_in boolean not null,
    -- {"courses.update": ["taught"], …}: each permission with the reaches it is given for.
    grants jsonb not null,
    primary key (org_id, id),
    unique (org_id, slug)
);
call classify('roles', 'key', 'org_id', 'id');
call classify('roles', 'content', 'slug', 'name', 'is_built_in', 'grants');
call isolate_by_org('roles');
grant select, insert, update on roles to lyceum_app;

create table memberships (
    org_id uuid not null references organizations,
    id uuid not null,
    user_id uuid not null references users,
    role_id uuid not null,
    state text not null check (state in ('invited', 'active', 'suspended', 'removed')),
    -- The member's profile in this organisation: what the organisation sees instead of the account.
    name text not null check (length(name) between 1 and 200),
    email text not null,
    joined_at timestamptz not null default now(),
    version integer not null default 1,
    primary key (org_id, id),
    unique (org_id, user_id),
    foreign key (org_id, role_id) references roles
);
create index memberships_of_user on memberships (user_id);
create index memberships_by_name on memberships (org_id, name, id);
create index memberships_by_joining on memberships (org_id, joined_at, id);
create index memberships_by_role on memberships (org_id, role_id);
call classify('memberships', 'key', 'org_id', 'id', 'user_id', 'role_id');
call classify('memberships', 'identity', 'name', 'state', 'joined_at', 'version');
call classify('memberships', 'contact', 'email');
call isolate_by_org('memberships');
create policy own_rows on memberships for select to lyceum_app using (user_id = (select app_user()));
grant select, insert, update on memberships to lyceum_app;

-- An active organisation has an owner, whatever two transactions do at once: whoever takes the role away from,
-- or suspends, an owner locks the organisation first and counts what would be left.
create function keep_an_owner() returns trigger language plpgsql as $$
declare owner_role uuid;
begin
    select id into owner_role from roles where org_id = old.org_id and slug = 'owner';
    if old.role_id = owner_role and old.state = 'active'
        and (new.role_id <> owner_role or new.state <> 'active') then
        perform pg_advisory_xact_lock(hashtextextended('owners of ' || old.org_id, 0));
        if not exists (select from memberships where org_id = old.org_id and role_id = owner_role
            and state = 'active' and id <> old.id) then
            raise exception 'the last owner stays' using errcode = 'check_violation', constraint = 'memberships_last_owner';
        end if;
    end if;
    return new;
end $$;
create trigger keep_an_owner before update on memberships for each row execute function keep_an_owner();

create table groups (
    org_id uuid not null references organizations,
    id uuid not null,
    name text not null check (length(name) between 1 and 200),
    primary key (org_id, id)
);
create index groups_by_name on groups (org_id, name, id);
call classify('groups', 'key', 'org_id', 'id');
call classify('groups', 'content', 'name');
call isolate_by_org('groups');
grant select, insert, update, delete on groups to lyceum_app;

create table group_members (
    org_id uuid not null,
    group_id uuid not null,
    member_id uuid not null,
    is_manager boolean not null default false,
    primary key (org_id, group_id, member_id),
    foreign key (org_id, group_id) references groups on delete cascade,
    foreign key (org_id, member_id) references memberships
);
create index group_members_of_member on group_members (org_id, member_id) include (group_id, is_manager);
call classify('group_members', 'key', 'org_id', 'group_id', 'member_id');
call classify('group_members', 'identity', 'is_manager');
call isolate_by_org('group_members');
grant select, insert, update, delete on group_members to lyceum_app;

create table invitations (
    org_id uuid not null references organizations,
    id uuid not null,
    email text not null check (email = lower(email) and length(email) between 3 and 254),
    role_id uuid not null,
    state text not null default 'pending' check (state in ('pending', 'accepted', 'revoked')),
    token_hash bytea not null check (length(token_hash) = 32),
    invited_by uuid not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    accepted_by uuid,
    primary key (org_id, id),
    foreign key (org_id, role_id) references roles,
    foreign key (org_id, invited_by) references memberships,
    foreign key (org_id, accepted_by) references memberships
);
create unique index invitations_pending on invitations (org_id, email) where state = 'pending';
create index invitations_by_creation on invitations (org_id, created_at, id);
create index invitations_by_token on invitations (token_hash);
call classify('invitations', 'key', 'org_id', 'id', 'role_id', 'invited_by', 'accepted_by');
call classify('invitations', 'contact', 'email');
call classify('invitations', 'credential', 'token_hash', 'expires_at');
call classify('invitations', 'operation', 'state', 'created_at');
call isolate_by_org('invitations');
grant select, insert, update on invitations to lyceum_app;
