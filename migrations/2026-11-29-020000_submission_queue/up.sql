-- What waits to be graded in all courses of an organisation.
create index submissions_to_grade_anywhere on submissions (org_id, id) where state = 'submitted';
