drop table profile_details;
delete from classification.classes where name = 'profile';
