alter table roles disable trigger keep_built_in, no force row level security;
update roles set grants = grants - 'groups.manage' - 'roles.manage';
alter table roles enable trigger keep_built_in, force row level security;
drop index invitations_by_role;
revoke delete on roles from lyceum_app;
alter table roles drop column version;
