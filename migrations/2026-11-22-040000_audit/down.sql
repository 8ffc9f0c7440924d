create policy granting on roles to lyceum_owner using (true);
update roles set grants = grants - 'audit.read';
drop policy granting on roles;
drop index audit_entries_by_target;
drop index audit_entries_by_actor;
