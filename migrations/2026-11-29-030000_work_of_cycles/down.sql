alter table submissions drop column cycle;
alter table enrollments drop column started_at;
