-- What learners hand in for assignments.

create table submissions (
    org_id uuid not null,
    id uuid not null,
    enrollment_id uuid not null,
    unit_id uuid not null,
    course_id uuid not null,
    revision_id uuid not null,
    member_id uuid not null,
    number integer not null check (number >= 1),
    -- Superseded by a later one before it was graded.
    state text not null default 'submitted' check (state in ('submitted', 'superseded', 'graded')),
    body text check (length(body) between 1 and 100000),
    link text check (length(link) between 1 and 2000),
    submitted_at timestamptz not null default clock_timestamp(),
    due_at timestamptz,
    is_late boolean not null generated always as (submitted_at > coalesce(due_at, 'infinity')) stored,
    -- Hundredths, as everywhere.
    points integer,
    max_points integer not null check (max_points > 0),
    pass_points integer not null check (pass_points between 0 and max_points),
    -- Points of each criterion of the rubric, by its key.
    rubric jsonb check (jsonb_typeof(rubric) = 'object'),
    feedback text check (length(feedback) <= 10000),
    graded_by uuid,
    graded_at timestamptz,
    primary key (org_id, id),
    unique (org_id, enrollment_id, unit_id, number),
    foreign key (org_id, enrollment_id) references enrollments,
    foreign key (org_id, course_id, revision_id) references course_revisions (org_id, course_id, id),
    foreign key (org_id, member_id) references memberships,
    foreign key (org_id, graded_by) references memberships,
    check (points between 0 and max_points),
    check ((state = 'graded') = (points is not null) and (state = 'graded') = (graded_at is not null)),
    check (state = 'graded' or num_nonnulls(rubric, feedback, graded_by) = 0)
);
create unique index submissions_waiting on submissions (org_id, enrollment_id, unit_id) where state = 'submitted';
create index submissions_of_member on submissions (org_id, member_id, id);
create index submissions_of_course on submissions (org_id, course_id, id);
create index submissions_to_grade on submissions (org_id, course_id, id) where state = 'submitted';
create index submissions_of_enrollment on submissions (org_id, enrollment_id, id);
call classify('submissions', 'key', 'org_id', 'id', 'enrollment_id', 'unit_id', 'course_id', 'revision_id', 'member_id', 'graded_by');
call classify('submissions', 'learning', 'number', 'state', 'body', 'link', 'submitted_at', 'due_at', 'is_late', 'points', 'max_points',
    'pass_points', 'rubric', 'feedback', 'graded_at');
call isolate_by_org('submissions');
call remove_with_org('submissions');
call confine_to_course('submissions', 'course_id');
grant select, insert, update (state, points, rubric, feedback, graded_by, graded_at) on submissions to lyceum_app;

create table submission_assets (
    org_id uuid not null,
    submission_id uuid not null,
    asset_id uuid not null,
    position integer not null check (position >= 0),
    primary key (org_id, submission_id, asset_id),
    foreign key (org_id, submission_id) references submissions,
    foreign key (org_id, asset_id) references assets
);
create index submission_assets_of_asset on submission_assets (org_id, asset_id);
call classify('submission_assets', 'key', 'org_id', 'submission_id', 'asset_id');
call classify('submission_assets', 'learning', 'position');
call isolate_by_org('submission_assets');
call remove_with_org('submission_assets');
grant select, insert on submission_assets to lyceum_app;
