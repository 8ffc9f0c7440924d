-- An organisation makes roles of its own, changes and deletes them.
alter table roles add column version integer not null default 1;
call classify('roles', 'content', 'version');
grant delete on roles to lyceum_app;
create index invitations_by_role on invitations (org_id, role_id);

alter table roles no force row level security;
update roles set grants = grants || '{"groups.manage": ["all"], "roles.manage": ["all"]}' where is_built_in and slug in ('owner', 'admin');
alter table roles force row level security;
