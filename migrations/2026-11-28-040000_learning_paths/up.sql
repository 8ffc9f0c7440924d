-- Learning paths: courses in an order, and who follows them. How far somebody is stands in their enrolments alone.

create table learning_paths (
    org_id uuid not null references organizations,
    id uuid not null,
    external_id text check (length(external_id) between 1 and 200),
    title text not null check (length(title) between 1 and 200),
    description text not null default '' check (length(description) <= 2000),
    state text not null default 'draft' check (state in ('draft', 'published', 'archived')),
    -- How many of the courses that are not required it takes all the same.
    electives_needed integer not null default 0 check (electives_needed between 0 and 50),
    version integer not null default 1,
    created_at timestamptz not null default now(),
    published_at timestamptz,
    primary key (org_id, id),
    unique (org_id, external_id)
);
create index learning_paths_by_title on learning_paths (org_id, title, id);
call classify('learning_paths', 'key', 'org_id', 'id');
call classify('learning_paths', 'content', 'external_id', 'title', 'description', 'state', 'electives_needed', 'version', 'created_at', 'published_at');
call isolate_by_org('learning_paths');
call remove_with_org('learning_paths');
grant select, insert, update on learning_paths to lyceum_app;

create table path_courses (
    org_id uuid not null,
    path_id uuid not null,
    course_id uuid not null,
    is_required boolean not null,
    position integer not null check (position between 1 and 50),
    primary key (org_id, path_id, course_id),
    unique (org_id, path_id, position),
    foreign key (org_id, path_id) references learning_paths,
    foreign key (org_id, course_id) references courses
);
create index path_courses_of_course on path_courses (org_id, course_id);
call classify('path_courses', 'key', 'org_id', 'path_id', 'course_id');
call classify('path_courses', 'content', 'is_required', 'position');
call isolate_by_org('path_courses');
call confine_to_course('path_courses', 'course_id');
call remove_with_org('path_courses');
grant select, insert, delete on path_courses to lyceum_app;

create table path_enrollments (
    org_id uuid not null,
    id uuid not null,
    path_id uuid not null,
    member_id uuid not null,
    source text not null check (source in ('self', 'staff')),
    enrolled_at timestamptz not null default now(),
    withdrawn_at timestamptz,
    primary key (org_id, id),
    unique (org_id, path_id, member_id),
    foreign key (org_id, path_id) references learning_paths,
    foreign key (org_id, member_id) references memberships
);
create index path_enrollments_of_path on path_enrollments (org_id, path_id, id);
create index path_enrollments_of_member on path_enrollments (org_id, member_id, id);
call classify('path_enrollments', 'key', 'org_id', 'id', 'path_id', 'member_id');
call classify('path_enrollments', 'learning', 'source', 'enrolled_at', 'withdrawn_at');
call isolate_by_org('path_enrollments');
call remove_with_org('path_enrollments');
grant select, insert, update on path_enrollments to lyceum_app;

-- A session that is confined to one course would see a path of one course: it sees none.
create policy no_course on learning_paths as restrictive to lyceum_app using ((select app_course()) is null);
create policy no_course on path_enrollments as restrictive to lyceum_app using ((select app_course()) is null);
