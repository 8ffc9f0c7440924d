drop table attempt_receipts;
alter table attempts drop column salt;
delete from classification.classes where name = 'receipt';
