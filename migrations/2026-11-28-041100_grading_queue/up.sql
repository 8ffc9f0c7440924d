-- The queue of attempts that wait for people to grade them, over all courses of an organisation.
create index attempts_to_grade_of_org on attempts (org_id, submitted_at, id) where state = 'needs_grading';
