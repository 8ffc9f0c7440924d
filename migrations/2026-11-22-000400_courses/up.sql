-- Courses: identity and published face; the draft that authors edit; the revisions that learners read.

create table courses (
    org_id uuid not null references organizations,
    id uuid not null,
    slug text not null check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    state text not null default 'draft' check (state in ('draft', 'in_review', 'published', 'archived')),
    visibility text not null check (visibility in ('members', 'public')),
    -- The published face; before the first publication the working title given at creation.
    title text not null check (length(title) between 1 and 200),
    summary text not null check (length(summary) <= 2000),
    revision_id uuid,
    revision_number integer,
    unit_count integer not null default 0,
    published_at timestamptz,
    created_at timestamptz not null default now(),
    external_id text check (length(external_id) between 1 and 255),
    primary key (org_id, id),
    unique (org_id, slug),
    unique (org_id, external_id),
    check ((state in ('published', 'archived')) <= (revision_id is not null)),
    check ((revision_id is null) = (revision_number is null) and (revision_id is null) = (published_at is null))
);
create index courses_by_title on courses (org_id, title, id);
create index courses_by_publication on courses (org_id, published_at, id) where state = 'published';
create index courses_public_by_title on courses (title, id) where state = 'published' and visibility = 'public';
create index courses_search on courses using gin (to_tsvector('simple', title || ' ' || summary));
call classify('courses', 'key', 'org_id', 'id', 'revision_id', 'external_id');
call classify('courses', 'content', 'slug', 'state', 'visibility', 'title', 'summary', 'revision_number', 'unit_count', 'published_at', 'created_at');
call isolate_by_org('courses');
create policy public_listings on courses for select to lyceum_app
    using (state = 'published' and visibility = 'public' and exists (select from organizations o where o.id = courses.org_id and o.is_open));
grant select, insert, update on courses to lyceum_app;

create table course_instructors (
    org_id uuid not null,
    course_id uuid not null,
    member_id uuid not null,
    primary key (org_id, course_id, member_id),
    foreign key (org_id, course_id) references courses,
    foreign key (org_id, member_id) references memberships
);
create index course_instructors_of_member on course_instructors (org_id, member_id, course_id);
call classify('course_instructors', 'key', 'org_id', 'course_id', 'member_id');
call isolate_by_org('course_instructors');
grant select, insert, delete on course_instructors to lyceum_app;

create table course_drafts (
    org_id uuid not null,
    course_id uuid not null,
    title text not null check (length(title) between 1 and 200),
    summary text not null check (length(summary) <= 2000),
    -- The rule by which an enrolment is complete: every unit, or every quiz passed.
    completion_rule text not null default 'all_units' check (completion_rule in ('all_units', 'quizzes_passed')),
    version integer not null default 1,
    updated_at timestamptz not null default now(),
    primary key (org_id, course_id),
    foreign key (org_id, course_id) references courses
);
call classify('course_drafts', 'key', 'org_id', 'course_id');
call classify('course_drafts', 'content', 'title', 'summary', 'completion_rule', 'version', 'updated_at');
call isolate_by_org('course_drafts');
grant select, insert, update on course_drafts to lyceum_app;

create table draft_modules (
    org_id uuid not null,
    id uuid not null,
    course_id uuid not null,
    position integer not null check (position >= 0),
    title text not null check (length(title) between 1 and 200),
    part text check (length(part) between 1 and 200),
    external_id text check (length(external_id) between 1 and 255),
    primary key (org_id, id),
    unique (org_id, course_id, position) deferrable initially deferred,
    unique (org_id, course_id, id),
    unique (org_id, course_id, external_id),
    foreign key (org_id, course_id) references course_drafts
);
call classify('draft_modules', 'key', 'org_id', 'id', 'course_id', 'external_id');
call classify('draft_modules', 'content', 'position', 'title', 'part');
call isolate_by_org('draft_modules');
grant select, insert, update, delete on draft_modules to lyceum_app;

create table draft_units (
    org_id uuid not null,
    id uuid not null,
    course_id uuid not null,
    module_id uuid not null,
    position integer not null check (position >= 0),
    kind text not null check (kind in ('text', 'quiz')),
    title text not null check (length(title) between 1 and 200),
    -- Text units: Markdown source. Quiz units: null.
    body text check (length(body) <= 1000000),
    -- Quiz units: how the quiz is taken. Text units: null.
    quiz jsonb,
    external_id text check (length(external_id) between 1 and 255),
    primary key (org_id, id),
    unique (org_id, module_id, position) deferrable initially deferred,
    unique (org_id, course_id, external_id),
    foreign key (org_id, course_id, module_id) references draft_modules (org_id, course_id, id),
    check ((kind = 'text') = (body is not null)),
    check ((kind = 'quiz') = (quiz is not null))
);
create index draft_units_of_course on draft_units (org_id, course_id, module_id, position);
call classify('draft_units', 'key', 'org_id', 'id', 'course_id', 'module_id', 'external_id');
call classify('draft_units', 'content', 'position', 'kind', 'title', 'body', 'quiz');
call isolate_by_org('draft_units');
grant select, insert, update, delete on draft_units to lyceum_app;

create table draft_questions (
    org_id uuid not null,
    id uuid not null,
    unit_id uuid not null,
    position integer not null check (position >= 0),
    -- What the learner sees, and apart from it what is right and why.
    prompt jsonb not null,
    answer_key jsonb not null,
    external_id text check (length(external_id) between 1 and 255),
    primary key (org_id, id),
    unique (org_id, unit_id, position) deferrable initially deferred,
    unique (org_id, unit_id, external_id),
    foreign key (org_id, unit_id) references draft_units on delete cascade
);
call classify('draft_questions', 'key', 'org_id', 'id', 'unit_id', 'external_id');
call classify('draft_questions', 'content', 'position', 'prompt', 'answer_key');
call isolate_by_org('draft_questions');
grant select, insert, update, delete on draft_questions to lyceum_app;

create table course_revisions (
    org_id uuid not null,
    id uuid not null,
    course_id uuid not null,
    number integer not null check (number >= 1),
    -- The version of the compiled form; readers for every version ever written stay.
    format smallint not null,
    content text not null,
    published_by uuid not null,
    published_at timestamptz not null default now(),
    primary key (org_id, id),
    unique (org_id, course_id, number),
    unique (org_id, course_id, id),
    foreign key (org_id, course_id) references courses,
    foreign key (org_id, published_by) references memberships
);
call classify('course_revisions', 'key', 'org_id', 'id', 'course_id', 'published_by');
call classify('course_revisions', 'content', 'number', 'format', 'content', 'published_at');
call isolate_by_org('course_revisions');
-- The outline of a public course is as public as its listing.
create policy public_listings on course_revisions for select to lyceum_app
    using (exists (select from courses c where c.org_id = course_revisions.org_id and c.id = course_revisions.course_id and c.revision_id = course_revisions.id
        and c.state = 'published' and c.visibility = 'public'));
grant select, insert on course_revisions to lyceum_app;

alter table courses add foreign key (org_id, id, revision_id) references course_revisions (org_id, course_id, id);

-- Apart from the content, so that nothing that reads content can read what is right.
create table revision_answer_keys (
    org_id uuid not null,
    revision_id uuid not null,
    answer_keys text not null,
    primary key (org_id, revision_id),
    foreign key (org_id, revision_id) references course_revisions
);
call classify('revision_answer_keys', 'key', 'org_id', 'revision_id');
call classify('revision_answer_keys', 'content', 'answer_keys');
call isolate_by_org('revision_answer_keys');
grant select, insert on revision_answer_keys to lyceum_app;

-- Inlined by the planner, so that the search index serves it.
create function course_matches(title text, summary text, query text) returns boolean language sql immutable parallel safe
as $$ select to_tsvector('simple', title || ' ' || summary) @@ websearch_to_tsquery('simple', query) $$;
