alter table roles no force row level security;
update roles set grants = grants - 'groups.manage' - 'roles.manage';
alter table roles force row level security;
drop index invitations_by_role;
revoke delete on roles from lyceum_app;
alter table roles drop column version;
