-- Enrolments, progress, attempts, certificates.

create table enrollments (
    org_id uuid not null,
    id uuid not null,
    course_id uuid not null,
    member_id uuid not null,
    -- The edition that the learner works through until the enrolment is moved on purpose.
    revision_id uuid not null,
    state text not null default 'active' check (state in ('active', 'completed', 'withdrawn')),
    source text not null check (source in ('self', 'staff')),
    unit_count integer not null,
    units_completed integer not null default 0 check (units_completed between 0 and unit_count),
    enrolled_at timestamptz not null default now(),
    completed_at timestamptz,
    primary key (org_id, id),
    unique (org_id, course_id, member_id),
    foreign key (org_id, course_id, revision_id) references course_revisions (org_id, course_id, id),
    foreign key (org_id, member_id) references memberships,
    check ((state = 'completed') = (completed_at is not null))
);
create index enrollments_of_member on enrollments (org_id, member_id, id);
create index enrollments_of_course on enrollments (org_id, course_id, id);
call classify('enrollments', 'key', 'org_id', 'id', 'course_id', 'member_id', 'revision_id');
call classify('enrollments', 'learning', 'state', 'source', 'unit_count', 'units_completed', 'enrolled_at', 'completed_at');
call isolate_by_org('enrollments');
grant select, insert, update on enrollments to lyceum_app;

create table unit_progress (
    org_id uuid not null,
    enrollment_id uuid not null,
    unit_id uuid not null,
    state text not null check (state in ('started', 'completed')),
    seconds integer not null default 0 check (seconds >= 0),
    position integer not null default 0 check (position >= 0),
    -- The device's own time of the newest position, null before the first: offline batches may arrive in any order.
    position_at timestamptz,
    completed_at timestamptz,
    primary key (org_id, enrollment_id, unit_id),
    foreign key (org_id, enrollment_id) references enrollments,
    check ((state = 'completed') = (completed_at is not null))
);
call classify('unit_progress', 'key', 'org_id', 'enrollment_id', 'unit_id');
call classify('unit_progress', 'learning', 'state', 'seconds', 'position', 'position_at', 'completed_at');
call isolate_by_org('unit_progress');
grant select, insert, update on unit_progress to lyceum_app;

-- Which of a client's progress events have been counted: an offline replay is a no-op.
create table progress_events (
    org_id uuid not null,
    enrollment_id uuid not null,
    event_id uuid not null,
    recorded_at timestamptz not null default now(),
    primary key (org_id, enrollment_id, event_id),
    foreign key (org_id, enrollment_id) references enrollments
);
call classify('progress_events', 'key', 'org_id', 'enrollment_id', 'event_id');
call classify('progress_events', 'operation', 'recorded_at');
call isolate_by_org('progress_events');
grant select, insert on progress_events to lyceum_app;

create table attempts (
    org_id uuid not null,
    id uuid not null,
    enrollment_id uuid not null,
    unit_id uuid not null,
    course_id uuid not null,
    revision_id uuid not null,
    member_id uuid not null,
    number integer not null check (number >= 1),
    state text not null default 'in_progress' check (state in ('in_progress', 'graded', 'abandoned')),
    -- From it the order of questions and options follows, so that any attempt can be shown again as it was.
    seed bigint not null,
    started_at timestamptz not null default clock_timestamp(),
    deadline_at timestamptz,
    submitted_at timestamptz,
    submitted_automatically boolean not null default false,
    points integer,
    max_points integer not null check (max_points > 0),
    pass_points integer not null check (pass_points between 0 and max_points),
    primary key (org_id, id),
    unique (org_id, enrollment_id, unit_id, number),
    foreign key (org_id, enrollment_id) references enrollments,
    foreign key (org_id, course_id, revision_id) references course_revisions (org_id, course_id, id),
    foreign key (org_id, member_id) references memberships,
    check ((state = 'graded') = (points is not null)),
    check ((state = 'in_progress') = (submitted_at is null)),
    check (points between 0 and max_points)
);
create unique index attempts_open on attempts (org_id, enrollment_id, unit_id) where state = 'in_progress';
create index attempts_of_member on attempts (org_id, member_id, id);
create index attempts_of_course on attempts (org_id, course_id, id);
create index attempts_due on attempts (deadline_at) where state = 'in_progress' and deadline_at is not null;
call classify('attempts', 'key', 'org_id', 'id', 'enrollment_id', 'unit_id', 'course_id', 'revision_id', 'member_id');
call classify('attempts', 'learning', 'number', 'state', 'seed', 'started_at', 'deadline_at', 'submitted_at', 'submitted_automatically', 'points', 'max_points', 'pass_points');
call isolate_by_org('attempts');
grant select, insert, update on attempts to lyceum_app;

create table attempt_answers (
    org_id uuid not null,
    attempt_id uuid not null,
    question_id uuid not null,
    answer jsonb not null,
    version integer not null default 1,
    saved_at timestamptz not null default clock_timestamp(),
    points integer,
    primary key (org_id, attempt_id, question_id),
    foreign key (org_id, attempt_id) references attempts
);
call classify('attempt_answers', 'key', 'org_id', 'attempt_id', 'question_id');
call classify('attempt_answers', 'learning', 'answer', 'version', 'saved_at', 'points');
call isolate_by_org('attempt_answers');
grant select, insert, update on attempt_answers to lyceum_app;

create table certificates (
    org_id uuid not null,
    id uuid not null,
    enrollment_id uuid not null,
    course_id uuid not null,
    member_id uuid not null,
    revision_id uuid not null,
    -- The code itself is derived from a master key of this generation and is not stored.
    code_hash bytea not null check (length(code_hash) = 32),
    code_generation smallint not null,
    -- A snapshot: what the certificate says stays what it said.
    holder_name text not null,
    course_title text not null,
    organization_name text not null,
    issued_at timestamptz not null default now(),
    revoked_at timestamptz,
    revocation_reason text,
    primary key (org_id, id),
    unique (org_id, enrollment_id),
    foreign key (org_id, enrollment_id) references enrollments,
    foreign key (org_id, course_id, revision_id) references course_revisions (org_id, course_id, id),
    foreign key (org_id, member_id) references memberships,
    check ((revoked_at is null) = (revocation_reason is null))
);
create index certificates_by_code on certificates (code_hash);
create index certificates_of_member on certificates (org_id, member_id, id);
call classify('certificates', 'key', 'org_id', 'id', 'enrollment_id', 'course_id', 'member_id', 'revision_id');
call classify('certificates', 'credential', 'code_hash', 'code_generation');
call classify('certificates', 'certificate', 'holder_name', 'course_title', 'organization_name', 'issued_at', 'revoked_at', 'revocation_reason');
call isolate_by_org('certificates');
grant select, insert, update on certificates to lyceum_app;
