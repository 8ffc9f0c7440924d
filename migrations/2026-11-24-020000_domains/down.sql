drop function door.domain_holder(text);
drop table organization_domains;
