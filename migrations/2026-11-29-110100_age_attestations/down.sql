alter table users drop column age_attested_at;
delete from classification.classes where name = 'age';
