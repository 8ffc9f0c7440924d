create policy granting on roles to lyceum_owner using (true);
update roles set grants = grants - 'attempts.void' - 'attempts.regrade' - 'accommodations.manage';
drop policy granting on roles;

drop table accommodations;

drop function door.due_attempts(integer);
create function door.due_attempts(grace interval, most integer)
returns table (org_id uuid, id uuid)
language sql stable security definer set search_path = pg_catalog, public rows 100
as $$ select org_id, id from public.attempts where state = 'in_progress' and deadline_at < statement_timestamp() - grace order by deadline_at limit most $$;
revoke all on function door.due_attempts(interval, integer) from public;
grant execute on function door.due_attempts(interval, integer) to lyceum_app;
alter function door.due_attempts(interval, integer) owner to lyceum_door;
drop index attempts_due;
create index attempts_due on attempts (deadline_at) where state = 'in_progress' and deadline_at is not null;

-- What was declared void counted for nothing; without that state it was abandoned.
create policy reverting on attempts to lyceum_owner using (true);
update attempts set state = 'abandoned', points = null, voided_at = null, voided_by = null where state = 'voided';
drop policy reverting on attempts;
alter table attempts
    drop constraint attempts_voided_by_fkey,
    drop constraint attempts_voided_check,
    drop constraint attempts_graded_check,
    add constraint attempts_check1 check ((state = 'graded') = (points is not null)),
    drop constraint attempts_state_check,
    add constraint attempts_state_check check (state in ('in_progress', 'needs_grading', 'graded', 'abandoned')),
    drop column overdue_at,
    drop column voided_at,
    drop column voided_by,
    drop column void_reason;
delete from classification.classes where name = 'accommodation';
