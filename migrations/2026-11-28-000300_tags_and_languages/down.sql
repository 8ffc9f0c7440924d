alter table courses drop column tags, drop column language;
