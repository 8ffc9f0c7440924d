drop index attempts_to_grade;
alter table attempt_answers drop column criteria;
