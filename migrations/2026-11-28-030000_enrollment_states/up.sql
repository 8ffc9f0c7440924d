-- Enrolments that are asked for, waited for, limited in time, and begun again.

-- How learners come into a course, and how long it is theirs. A course without a row is open, without limits.
create table enrollment_terms (
    org_id uuid not null,
    course_id uuid not null,
    policy text not null default 'open' check (policy in ('open', 'approval', 'invitation', 'closed')),
    -- What a learner gives to join by invitation.
    invitation_code text check (length(invitation_code) between 12 and 100),
    seats integer check (seats between 1 and 1000000),
    due_days integer check (due_days between 1 and 3650),
    access_days integer check (access_days between 1 and 3650),
    -- After so many months what was learned is to be learned again.
    valid_months integer check (valid_months between 1 and 120),
    primary key (org_id, course_id),
    foreign key (org_id, course_id) references courses,
    check ((policy = 'invitation') = (invitation_code is not null))
);
call classify('enrollment_terms', 'key', 'org_id', 'course_id');
call classify('enrollment_terms', 'content', 'policy', 'invitation_code', 'seats', 'due_days', 'access_days', 'valid_months');
call isolate_by_org('enrollment_terms');
call confine_to_course('enrollment_terms', 'course_id');
call remove_with_org('enrollment_terms');
grant select, insert, update on enrollment_terms to lyceum_app;

-- Members are named by their addresses, many at once.
create index memberships_by_email on memberships (org_id, email);

alter table enrollments
    drop constraint enrollments_state_check,
    add constraint enrollments_state_check
        check (state in ('requested', 'waitlisted', 'active', 'completed', 'expired', 'withdrawn', 'declined')),
    add column cycle integer not null default 1 check (cycle >= 1),
    add column due_at timestamptz,
    add column expires_at timestamptz,
    -- The place in the waiting list, too.
    add column requested_at timestamptz,
    add column decided_by uuid,
    add column decline_reason text check (length(decline_reason) between 1 and 1000),
    add column renews_at timestamptz,
    add constraint enrollments_decided_by_fkey foreign key (org_id, decided_by) references memberships,
    add constraint enrollments_asked_check check (state not in ('requested', 'waitlisted') or requested_at is not null),
    add constraint enrollments_declined_check check (state = 'declined' or decline_reason is null),
    add constraint enrollments_renewed_check check (state = 'completed' or renews_at is null);
create index enrollments_waiting on enrollments (org_id, course_id, requested_at, id) where state = 'waitlisted';
create index enrollments_to_expire on enrollments (expires_at) where state = 'active' and expires_at is not null;
create index enrollments_to_renew on enrollments (renews_at) where renews_at is not null;
call classify('enrollments', 'key', 'decided_by');
call classify('enrollments', 'learning', 'cycle', 'due_at', 'expires_at', 'requested_at', 'decline_reason', 'renews_at');

-- What former cycles came to. The progress of the present one stands in unit_progress.
create table enrollment_cycles (
    org_id uuid not null,
    enrollment_id uuid not null,
    cycle integer not null check (cycle >= 1),
    revision_id uuid not null,
    unit_count integer not null,
    units_completed integer not null check (units_completed between 0 and unit_count),
    seconds bigint not null check (seconds >= 0),
    completed_at timestamptz not null,
    primary key (org_id, enrollment_id, cycle),
    foreign key (org_id, enrollment_id) references enrollments,
    foreign key (org_id, revision_id) references course_revisions
);
call classify('enrollment_cycles', 'key', 'org_id', 'enrollment_id', 'revision_id');
call classify('enrollment_cycles', 'learning', 'cycle', 'unit_count', 'units_completed', 'seconds', 'completed_at');
call isolate_by_org('enrollment_cycles');
call remove_with_org('enrollment_cycles');
grant select, insert on enrollment_cycles to lyceum_app;
grant delete on unit_progress to lyceum_app;

alter table attempts add column cycle integer not null default 1 check (cycle >= 1);
call classify('attempts', 'learning', 'cycle');
alter table certificates
    add column cycle integer not null default 1 check (cycle >= 1),
    drop constraint certificates_org_id_enrollment_id_key,
    add constraint certificates_org_id_enrollment_id_cycle_key unique (org_id, enrollment_id, cycle);
call classify('certificates', 'certificate', 'cycle');

-- Enrolments whose time is over, and such as are to be begun again.
create policy door on enrollments for select to lyceum_door using (true);
grant select (org_id, id, state, expires_at, renews_at) on enrollments to lyceum_door;
create function door.due_enrollments(most integer)
returns table (org_id uuid, id uuid)
language sql stable security definer set search_path = pg_catalog, public rows 100
as $$
    (select org_id, id from public.enrollments where state = 'active' and expires_at <= statement_timestamp() order by expires_at limit most)
    union all
    (select org_id, id from public.enrollments where renews_at <= statement_timestamp() order by renews_at limit most)
$$;
revoke all on function door.due_enrollments(integer) from public;
grant execute on function door.due_enrollments(integer) to lyceum_app;
alter function door.due_enrollments(integer) owner to lyceum_door;
