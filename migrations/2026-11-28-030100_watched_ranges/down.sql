drop function door.forget_progress_events(integer);
revoke select (recorded_at) on progress_events from lyceum_door;
drop policy door on progress_events;
drop index progress_events_past;
alter table draft_units drop column is_required;

create policy reverting on course_drafts to lyceum_owner using (true);
update course_drafts set completion_rule = 'all_units' where completion_rule in ('required_units', 'minimum_percent');
drop policy reverting on course_drafts;
alter table course_drafts
    drop column completion_percent,
    drop constraint course_drafts_completion_rule_check,
    add constraint course_drafts_completion_rule_check check (completion_rule in ('all_units', 'quizzes_passed'));
alter table enrollments drop column last_activity_at;
alter table unit_progress drop column watched;
