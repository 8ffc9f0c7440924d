-- What happened to the accounts of an organisation's members, as far as it concerns the organisation: by member, never by account,
-- and with ids of its own, so that nothing links a person across organisations.

create table organization_security_events (
    org_id uuid not null references organizations,
    id uuid not null default gen_random_uuid(),
    at timestamptz not null default now(),
    kind text not null check (kind in ('signed_in', 'sign_in_failed', 'stepped_up', 'step_up_failed', 'session_revoked',
        'refresh_token_replayed', 'email_verified', 'email_changed', 'password_changed', 'password_reset',
        'second_factor_added', 'second_factor_removed', 'recovery_codes_made', 'recovery_code_used')),
    member_id uuid not null,
    primary key (org_id, id),
    foreign key (org_id, member_id) references memberships
);
create index organization_security_events_by_time on organization_security_events (org_id, at, id);
call classify('organization_security_events', 'key', 'org_id', 'id', 'member_id');
call classify('organization_security_events', 'audit', 'at', 'kind');
call isolate_by_org('organization_security_events');
-- Who writes to their own account has no organisation in scope: they tell of themselves, where they are an active member.
create policy own_events on organization_security_events for insert to lyceum_app with check (exists (
    select from memberships m where m.org_id = organization_security_events.org_id and m.id = organization_security_events.member_id
        and m.user_id = (select app_user()) and m.state = 'active'));
grant select, insert on organization_security_events to lyceum_app;

-- Owners and administrators may read them, in the organisations of before too.
create policy moving on roles to lyceum_owner using (true);
update roles set grants = grants || '{"security.read": ["all"]}' where is_built_in and slug in ('owner', 'admin');
drop policy moving on roles;
