-- The audit is read by who has audit.read, the newest entry first.

create index audit_entries_by_actor on audit_entries (org_id, actor_id, id);
create index audit_entries_by_target on audit_entries (org_id, target, id);

create policy granting on roles to lyceum_owner using (true);
update roles set grants = grants || '{"audit.read": ["all"]}' where is_built_in and slug in ('owner', 'admin');
update roles set grants = grants || '{"audit.read": ["own"]}' where is_built_in and slug not in ('owner', 'admin');
drop policy granting on roles;
