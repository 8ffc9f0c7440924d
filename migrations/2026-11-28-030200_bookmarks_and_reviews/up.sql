-- What learners keep for themselves, and what they say of a course to others.

create table bookmarks (
    org_id uuid not null,
    id uuid not null,
    enrollment_id uuid not null,
    course_id uuid not null,
    member_id uuid not null,
    unit_id uuid not null,
    note text not null check (length(note) <= 2000),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (org_id, id),
    unique (org_id, enrollment_id, unit_id),
    foreign key (org_id, enrollment_id) references enrollments,
    foreign key (org_id, course_id) references courses,
    foreign key (org_id, member_id) references memberships
);
create index bookmarks_of_member on bookmarks (org_id, member_id, id);
call classify('bookmarks', 'key', 'org_id', 'id', 'enrollment_id', 'course_id', 'member_id', 'unit_id');
call classify('bookmarks', 'learning', 'note', 'created_at', 'updated_at');
call isolate_by_org('bookmarks');
call confine_to_course('bookmarks', 'course_id');
call remove_with_org('bookmarks');
grant select, insert, update, delete on bookmarks to lyceum_app;

create table course_reviews (
    org_id uuid not null,
    id uuid not null,
    enrollment_id uuid not null,
    course_id uuid not null,
    member_id uuid not null,
    stars integer not null check (stars between 1 and 5),
    text text not null check (length(text) <= 5000),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    hidden_at timestamptz,
    hidden_by uuid,
    hidden_reason text check (length(hidden_reason) between 1 and 1000),
    primary key (org_id, id),
    unique (org_id, enrollment_id),
    foreign key (org_id, enrollment_id) references enrollments,
    foreign key (org_id, course_id) references courses,
    foreign key (org_id, member_id) references memberships,
    foreign key (org_id, hidden_by) references memberships,
    check ((hidden_at is null) = (hidden_reason is null)),
    check (hidden_by is null or hidden_at is not null)
);
create index course_reviews_of_course on course_reviews (org_id, course_id, id);
create index course_reviews_of_member on course_reviews (org_id, member_id);
call classify('course_reviews', 'key', 'org_id', 'id', 'enrollment_id', 'course_id', 'member_id', 'hidden_by');
call classify('course_reviews', 'learning', 'stars', 'text', 'created_at', 'updated_at', 'hidden_at', 'hidden_reason');
call isolate_by_org('course_reviews');
call confine_to_course('course_reviews', 'course_id');
call remove_with_org('course_reviews');
grant select, insert, update, delete on course_reviews to lyceum_app;
