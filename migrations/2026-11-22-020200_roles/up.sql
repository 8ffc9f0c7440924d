-- An organisation makes roles of its own, changes and deletes them.
alter table roles add column version integer not null default 1;
call classify('roles', 'content', 'version');
grant delete on roles to lyceum_app;
create index invitations_by_role on invitations (org_id, role_id);

-- What a built-in role gives changes with the program, in migrations alone.
alter table roles disable trigger keep_built_in, no force row level security;
update roles set grants = grants || '{"groups.manage": ["all"], "roles.manage": ["all"]}' where is_built_in and slug in ('owner', 'admin');
alter table roles enable trigger keep_built_in, force row level security;
