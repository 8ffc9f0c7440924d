drop procedure isolate_by_user;
drop procedure isolate_by_org;
drop procedure classify;
drop schema classification cascade;
drop function app_orgs;
drop function app_user;
drop schema door cascade;
