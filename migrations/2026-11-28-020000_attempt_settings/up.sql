-- Every setting of an attempt: a grace of each quiz's own, accommodations of a learner's own, and attempts that are declared void.

insert into classification.classes values
    ('accommodation', 'learning', 'lets a learner be examined on equal terms', 'legal_obligation', 'until the enrolment is erased');

alter table attempts
    drop constraint attempts_state_check,
    add constraint attempts_state_check check (state in ('in_progress', 'needs_grading', 'graded', 'abandoned', 'voided')),
    drop constraint attempts_check1,
    add constraint attempts_graded_check check (state = 'voided' or (state = 'graded') = (points is not null)),
    -- When the service submits it: the deadline and the grace. Fixed at the start, as the deadline is.
    add column overdue_at timestamptz,
    add column voided_at timestamptz,
    add column voided_by uuid,
    add column void_reason text check (length(void_reason) between 1 and 2000),
    add constraint attempts_voided_check check ((state = 'voided') = (voided_at is not null) and (voided_at is null) = (voided_by is null)),
    add constraint attempts_voided_by_fkey foreign key (org_id, voided_by) references memberships;
call classify('attempts', 'key', 'voided_by');
call classify('attempts', 'learning', 'overdue_at', 'voided_at', 'void_reason');

create policy timing on attempts to lyceum_owner using (true);
update attempts set overdue_at = deadline_at + interval '5 seconds' where deadline_at is not null;
drop policy timing on attempts;

drop index attempts_due;
create index attempts_due on attempts (overdue_at) where state = 'in_progress' and overdue_at is not null;
grant select (overdue_at) on attempts to lyceum_door;
drop function door.due_attempts(interval, integer);
-- Attempts whose time and grace are over, for the sweeper. The clock of the statement is one that an index can be compared with.
create function door.due_attempts(most integer)
returns table (org_id uuid, id uuid)
language sql stable security definer set search_path = pg_catalog, public rows 100
as $$ select org_id, id from public.attempts where state = 'in_progress' and overdue_at < statement_timestamp() order by overdue_at limit most $$;
revoke all on function door.due_attempts(integer) from public;
grant execute on function door.due_attempts(integer) to lyceum_app;
alter function door.due_attempts(integer) owner to lyceum_door;

-- What a learner is given beyond what the quiz gives everybody.
create table accommodations (
    org_id uuid not null,
    id uuid not null,
    enrollment_id uuid not null,
    -- Null: for every quiz of the enrolment that has none of its own.
    unit_id uuid,
    extra_time_percent integer not null check (extra_time_percent between 0 and 400),
    extra_attempts integer not null check (extra_attempts between 0 and 100),
    reason text check (length(reason) between 1 and 2000),
    set_by uuid not null,
    set_at timestamptz not null default now(),
    primary key (org_id, id),
    unique nulls not distinct (org_id, enrollment_id, unit_id),
    foreign key (org_id, enrollment_id) references enrollments,
    foreign key (org_id, set_by) references memberships
);
call classify('accommodations', 'key', 'org_id', 'id', 'enrollment_id', 'unit_id', 'set_by');
call classify('accommodations', 'accommodation', 'extra_time_percent', 'extra_attempts', 'reason', 'set_at');
call isolate_by_org('accommodations');
call remove_with_org('accommodations');
grant select, insert, update, delete on accommodations to lyceum_app;

create policy granting on roles to lyceum_owner using (true);
update roles set grants = grants || '{"attempts.void": ["all"], "attempts.regrade": ["all"], "accommodations.manage": ["all"]}'
    where is_built_in and slug in ('owner', 'admin');
update roles set grants = grants || '{"attempts.void": ["taught"], "attempts.regrade": ["taught"], "accommodations.manage": ["taught"]}'
    where is_built_in and slug = 'instructor';
drop policy granting on roles;
