drop table processing_objections;
drop table interests;
delete from classification.classes where name in ('interest', 'objection');
