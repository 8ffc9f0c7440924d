-- What people say of an answer by each criterion of its question, and the queue of attempts that wait for them.
alter table attempt_answers add column criteria jsonb;
call classify('attempt_answers', 'learning', 'criteria');
create index attempts_to_grade on attempts (org_id, course_id, submitted_at, id) where state = 'needs_grading';
