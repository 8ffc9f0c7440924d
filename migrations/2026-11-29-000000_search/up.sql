-- What a search finds in published courses: titles and texts of the current revision, in each language that there are.

-- A word of a title weighs more than one of a text. What looks like a tag is read too: in a text about code it is part of it. No language has its words reduced to their stems, since all are searched alike.
create function words_of(title text, body text) returns tsvector language sql immutable parallel safe
as $$ select setweight(to_tsvector('simple', translate(title, '<>', '  ')), 'A')
    || setweight(to_tsvector('simple', translate(body, '<>', '  ')), 'D') $$;

-- No index is made of the words: row security lets none serve an operator that is not leakproof, and `@@` is none. The primary key leads
-- from the courses that somebody may know of to their words.
create table published_texts (
    org_id uuid not null,
    course_id uuid not null,
    -- What says it: a unit, or the course itself.
    node_id uuid not null,
    -- A language tag of BCP 47.
    language text not null check (length(language) between 2 and 35),
    is_translation boolean not null,
    title text not null check (length(title) <= 200),
    -- The beginning of its Markdown: the words of much more would be more than PostgreSQL takes. Of a unit with rules of release nothing,
    -- since whoever sees its course would find what it is made of.
    body text not null check (length(body) <= 100000),
    words tsvector not null generated always as (words_of(title, body)) stored,
    primary key (org_id, course_id, node_id, language),
    foreign key (org_id, course_id) references courses
);

-- What was published before: all formats of compiled content write these parts alike.
create policy searching on courses for select to lyceum_owner using (true);
create policy searching on course_revisions for select to lyceum_owner using (true);
with editions as (
    select c.org_id, c.id as course_id, coalesce(c.published_language, c.language) as language, r.content::jsonb as content
    from courses c join course_revisions r on r.org_id = c.org_id and r.id = c.revision_id
), nodes as (
    select org_id, course_id, course_id as node_id, language, content->>'title' as title, content->>'summary' as body,
        true as is_open, content->'translations' as translations
    from editions
    union all
    select c.org_id, c.course_id, (u->>'id')::uuid, c.language, u->>'title',
        coalesce(u #>> '{body,text}', u #>> '{body,material,video,transcript}', u #>> '{body,material,file,description}',
            u #>> '{body,material,link,description}', u #>> '{body,material,live,description}', u #>> '{body,material,assignment,instructions}'),
        not u ? 'release', u->'translations'
    from editions c cross join jsonb_array_elements(c.content->'modules') m cross join jsonb_array_elements(m->'units') u
), texts as (
    select org_id, course_id, node_id, language, false as is_translation, title, body, is_open from nodes
    union all
    select n.org_id, n.course_id, n.node_id, t.language, true, t.it->>'title', t.it->>'text', n.is_open
    from nodes n cross join jsonb_each(n.translations) t (language, it)
), found as (
    select org_id, course_id, node_id, language, is_translation, coalesce(title, '') as title,
        case when is_open then left(coalesce(body, ''), 100000) else '' end as body
    from texts
)
insert into published_texts (org_id, course_id, node_id, language, is_translation, title, body)
select org_id, course_id, node_id, language, is_translation, title, body from found where title <> '' or body <> ''
on conflict do nothing;
do $$ begin
    if exists (select from courses c where c.revision_id is not null and not exists
        (select from published_texts t where t.org_id = c.org_id and t.course_id = c.id and t.node_id = c.id)) then
        raise exception 'a published course has no text to be found by';
    end if;
end $$;
drop policy searching on course_revisions;
drop policy searching on courses;

call classify('published_texts', 'key', 'org_id', 'course_id', 'node_id');
call classify('published_texts', 'content', 'language', 'is_translation', 'title', 'body', 'words');
call isolate_by_org('published_texts');
call confine_to_course('published_texts', 'course_id');
call remove_with_org('published_texts');
-- What a public course says is as public as its listing.
create policy public_listings on published_texts for select to lyceum_app
    using (exists (select from courses c where c.org_id = published_texts.org_id and c.id = published_texts.course_id
        and c.state = 'published' and c.visibility = 'public'));
grant select, insert, delete on published_texts to lyceum_app;
