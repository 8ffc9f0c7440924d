-- An owner offers the organisation to a member, who takes it or not.
create table ownership_transfers (
    org_id uuid not null references organizations,
    id uuid not null,
    from_member_id uuid not null,
    to_member_id uuid not null,
    state text not null default 'offered' check (state in ('offered', 'accepted', 'declined', 'withdrawn')),
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    primary key (org_id, id),
    foreign key (org_id, from_member_id) references memberships,
    foreign key (org_id, to_member_id) references memberships,
    check (from_member_id <> to_member_id)
);
create unique index ownership_transfers_open on ownership_transfers (org_id) where state = 'offered';
call classify('ownership_transfers', 'key', 'org_id', 'id', 'from_member_id', 'to_member_id');
call classify('ownership_transfers', 'operation', 'state', 'created_at', 'expires_at');
call isolate_by_org('ownership_transfers');
call remove_with_org('ownership_transfers');
grant select, insert, update on ownership_transfers to lyceum_app;

alter table roles no force row level security;
update roles set grants = grants || '{"ownership.transfer": ["all"]}' where is_built_in and slug = 'owner';
alter table roles force row level security;
