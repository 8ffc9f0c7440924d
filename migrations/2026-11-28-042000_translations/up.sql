-- What authors write of a draft in other languages than the course's own, and what a published course is called in them.

create table draft_translations (
    org_id uuid not null,
    course_id uuid not null,
    -- What is translated: a module, a unit, or with neither the course itself.
    module_id uuid,
    unit_id uuid,
    node_id uuid not null generated always as (coalesce(module_id, unit_id, course_id)) stored,
    -- A language tag of BCP 47.
    language text not null check (length(language) between 2 and 35),
    title text check (length(title) between 1 and 200),
    -- The course's summary, a text unit's body, another unit's description, instructions or transcript.
    body text check (length(body) <= 1000000),
    primary key (org_id, node_id, language),
    foreign key (org_id, course_id) references course_drafts,
    foreign key (org_id, course_id, module_id) references draft_modules (org_id, course_id, id) on delete cascade,
    foreign key (org_id, unit_id) references draft_units on delete cascade,
    check (num_nonnulls(module_id, unit_id) <= 1),
    check (num_nonnulls(title, body) > 0),
    check (module_id is null or body is null)
);
create index draft_translations_of_course on draft_translations (org_id, course_id, language);
create index draft_translations_of_module on draft_translations (org_id, module_id) where module_id is not null;
create index draft_translations_of_unit on draft_translations (org_id, unit_id) where unit_id is not null;
call classify('draft_translations', 'key', 'org_id', 'course_id', 'module_id', 'unit_id', 'node_id');
call classify('draft_translations', 'content', 'language', 'title', 'body');
call isolate_by_org('draft_translations');
call confine_to_course('draft_translations', 'course_id');
call remove_with_org('draft_translations');
grant select, insert, delete on draft_translations to lyceum_app;

-- Titles and summaries of the current revision by language; a language in which there is anything else has an entry too.
alter table courses
    add column translations jsonb not null default '{}' check (jsonb_typeof(translations) = 'object'),
    -- The language that the current revision was written in, whatever has been said of the draft since.
    add column published_language text check (length(published_language) between 2 and 35);
call classify('courses', 'content', 'translations', 'published_language');

-- One rule says what a language tag is, and it is not written in SQL.
alter table organizations
    drop constraint organizations_locale_check,
    add constraint organizations_locale_check check (length(locale) between 2 and 35);
