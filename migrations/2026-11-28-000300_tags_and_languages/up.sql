-- What a course is about in a word, and the language that it is written in.

alter table courses
    add column tags text[] not null default '{}' check (cardinality(tags) <= 20),
    -- A language tag of BCP 47.
    add column language text not null default 'en' check (length(language) between 2 and 35);
create index courses_by_tag on courses using gin (tags);
call classify('courses', 'content', 'tags', 'language');
