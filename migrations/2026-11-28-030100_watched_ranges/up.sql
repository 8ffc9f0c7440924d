-- What was watched of units, when a learner was last at work, and which units a course demands.

alter table unit_progress add column watched int4multirange not null default '{}';
call classify('unit_progress', 'learning', 'watched');

alter table enrollments add column last_activity_at timestamptz;
call classify('enrollments', 'learning', 'last_activity_at');

alter table course_drafts
    drop constraint course_drafts_completion_rule_check,
    add constraint course_drafts_completion_rule_check
        check (completion_rule in ('all_units', 'quizzes_passed', 'required_units', 'minimum_percent')),
    add column completion_percent integer check (completion_percent between 1 and 100);
call classify('course_drafts', 'content', 'completion_percent');
alter table draft_units add column is_required boolean not null default true;
call classify('draft_units', 'content', 'is_required');

-- Which events were counted is remembered as long as devices may send them again.
create index progress_events_past on progress_events (recorded_at);
create policy door on progress_events to lyceum_door using (true);
grant select (recorded_at) on progress_events to lyceum_door;
create function door.forget_progress_events(days integer)
returns table (forgotten bigint)
language sql volatile security definer set search_path = pg_catalog, public rows 1
as $$
    with past as (delete from public.progress_events where recorded_at < now() - make_interval(days => days) returning 1)
    select count(*) from past
$$;
revoke all on function door.forget_progress_events(integer) from public;
grant execute on function door.forget_progress_events(integer) to lyceum_app;
alter function door.forget_progress_events(integer) owner to lyceum_door;
