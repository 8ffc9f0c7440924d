create policy granting on roles to lyceum_owner using (true);
update roles set grants = grants - 'attempts.grade';
drop policy granting on roles;

alter table attempt_answers drop column feedback, alter column points type integer using points / 100;

-- What still needs grading was never graded; without that state it has earned nothing.
create policy reverting on attempts to lyceum_owner using (true);
update attempts set state = 'graded', points = 0 where state = 'needs_grading';
drop policy reverting on attempts;
alter table attempts
    drop constraint attempts_state_check,
    add constraint attempts_state_check check (state in ('in_progress', 'graded', 'abandoned')),
    alter column points type integer using points / 100,
    alter column max_points type integer using greatest(1, max_points / 100),
    alter column pass_points type integer using pass_points / 100;
