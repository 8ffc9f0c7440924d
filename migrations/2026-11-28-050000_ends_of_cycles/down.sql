alter table enrollment_cycles drop column ended_at;
