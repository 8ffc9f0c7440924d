drop table certificates;
drop table attempt_answers;
drop table attempts;
drop table progress_events;
drop table unit_progress;
drop table enrollments;
