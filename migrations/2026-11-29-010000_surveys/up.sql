-- Surveys: what the staff of a course asks its learners, and what these answer.

create table surveys (
    org_id uuid not null,
    id uuid not null,
    course_id uuid not null,
    title text not null check (length(title) between 1 and 200),
    description text not null check (length(description) <= 2000),
    questions jsonb not null,
    audience text not null check (audience in ('everybody', 'completed')),
    is_anonymous boolean not null,
    state text not null default 'draft' check (state in ('draft', 'open', 'closed')),
    version integer not null default 1,
    created_at timestamptz not null default now(),
    opened_at timestamptz,
    closed_at timestamptz,
    primary key (org_id, id),
    unique (org_id, course_id, id),
    foreign key (org_id, course_id) references courses,
    check ((state = 'draft') = (opened_at is null)),
    check ((state = 'closed') = (closed_at is not null))
);
call classify('surveys', 'key', 'org_id', 'id', 'course_id');
call classify('surveys', 'content', 'title', 'description', 'questions', 'audience', 'is_anonymous', 'state', 'version', 'created_at',
    'opened_at', 'closed_at');
call isolate_by_org('surveys');
call confine_to_course('surveys', 'course_id');
call remove_with_org('surveys');
grant select, insert, update, delete on surveys to lyceum_app;

-- Who has answered. Of an anonymous survey this is all that is kept of who it was: no time, and nothing that leads to an answer.
create table survey_participants (
    org_id uuid not null,
    survey_id uuid not null,
    course_id uuid not null,
    enrollment_id uuid not null,
    member_id uuid not null,
    primary key (org_id, survey_id, enrollment_id),
    foreign key (org_id, course_id, survey_id) references surveys (org_id, course_id, id),
    foreign key (org_id, enrollment_id) references enrollments,
    foreign key (org_id, member_id) references memberships
);
create index survey_participants_of_enrollment on survey_participants (org_id, enrollment_id);
create index survey_participants_of_member on survey_participants (org_id, member_id, survey_id);
call classify('survey_participants', 'key', 'org_id', 'survey_id', 'course_id', 'enrollment_id', 'member_id');
call isolate_by_org('survey_participants');
call confine_to_course('survey_participants', 'course_id');
call remove_with_org('survey_participants');
grant select, insert, delete on survey_participants to lyceum_app;

-- What was answered. Without a member it is nobody's: of an anonymous survey, or of somebody who has left for good.
create table survey_responses (
    org_id uuid not null,
    id uuid not null,
    survey_id uuid not null,
    course_id uuid not null,
    enrollment_id uuid,
    member_id uuid,
    answers jsonb not null,
    submitted_at timestamptz,
    primary key (org_id, id),
    foreign key (org_id, course_id, survey_id) references surveys (org_id, course_id, id),
    foreign key (org_id, enrollment_id) references enrollments,
    foreign key (org_id, member_id) references memberships,
    check ((member_id is null) = (enrollment_id is null) and (member_id is null) = (submitted_at is null))
);
create index survey_responses_of_survey on survey_responses (org_id, survey_id, id);
create index survey_responses_of_enrollment on survey_responses (org_id, enrollment_id) where enrollment_id is not null;
create index survey_responses_of_member on survey_responses (org_id, member_id) where member_id is not null;
call classify('survey_responses', 'key', 'org_id', 'id', 'survey_id', 'course_id', 'enrollment_id', 'member_id');
call classify('survey_responses', 'learning', 'answers', 'submitted_at');
call isolate_by_org('survey_responses');
call confine_to_course('survey_responses', 'course_id');
call remove_with_org('survey_responses');
grant select, insert, update, delete on survey_responses to lyceum_app;
