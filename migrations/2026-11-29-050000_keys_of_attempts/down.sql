alter table attempts drop column keys_revisions;
