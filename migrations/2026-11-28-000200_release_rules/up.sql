-- What has to be done before a unit opens, and before a course can be joined.

alter table draft_units add column release_rules jsonb not null default '[]' check (jsonb_typeof(release_rules) = 'array');
call classify('draft_units', 'content', 'release_rules');

create table course_prerequisites (
    org_id uuid not null,
    course_id uuid not null,
    -- The course that has to be completed before.
    required_id uuid not null,
    primary key (org_id, course_id, required_id),
    foreign key (org_id, course_id) references courses,
    foreign key (org_id, required_id) references courses,
    check (course_id <> required_id)
);
create index course_prerequisites_of_required on course_prerequisites (org_id, required_id);
call classify('course_prerequisites', 'key', 'org_id', 'course_id', 'required_id');
call isolate_by_org('course_prerequisites');
call confine_to_course('course_prerequisites', 'course_id');
call remove_with_org('course_prerequisites');
-- What a public course asks for is as public as its listing.
create policy public_listings on course_prerequisites for select to lyceum_app
    using (exists (select from courses c where c.org_id = course_prerequisites.org_id and c.id = course_prerequisites.course_id
        and c.state = 'published' and c.visibility = 'public'));
grant select, insert, delete on course_prerequisites to lyceum_app;
