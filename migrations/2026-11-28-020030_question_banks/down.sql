create policy granting on roles to lyceum_owner using (true);
update roles set grants = grants - 'questions.manage';
drop policy granting on roles;
alter table draft_units drop column pools;
drop table bank_question_versions;
drop table bank_questions;
drop table question_banks;
