-- Members who leave: copies of what the organisation has about them, and certificates whose holder was erased.

create table member_exports (
    org_id uuid not null references organizations,
    id uuid not null,
    member_id uuid not null,
    made_by uuid not null,
    document jsonb not null check (octet_length(document::text) <= 4000000),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    primary key (org_id, id),
    foreign key (org_id, member_id) references memberships,
    foreign key (org_id, made_by) references memberships
);
create index member_exports_past on member_exports (expires_at);
call classify('member_exports', 'key', 'org_id', 'id', 'member_id', 'made_by');
call classify('member_exports', 'learning', 'document');
call classify('member_exports', 'operation', 'created_at', 'expires_at');
call isolate_by_org('member_exports');
call remove_with_org('member_exports');
grant select, insert, delete on member_exports to lyceum_app;

-- Null where the holder was erased: the certificate holds, and names nobody.
alter table certificates alter column holder_name drop not null;
grant delete on account_links to lyceum_app;

-- Copies go when their time is over.
create policy door on member_exports to lyceum_door using (true);
grant select (expires_at), delete on member_exports to lyceum_door;
create function door.forget_member_exports()
returns table (forgotten bigint)
language sql volatile security definer set search_path = pg_catalog, public rows 1
as $$
    with past as (delete from public.member_exports where expires_at < now() returning 1) select count(*) from past
$$;
revoke all on function door.forget_member_exports() from public;
grant execute on function door.forget_member_exports() to lyceum_app;
alter function door.forget_member_exports() owner to lyceum_door;
