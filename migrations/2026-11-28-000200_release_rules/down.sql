drop table course_prerequisites;
alter table draft_units drop column release_rules;
