create policy granting on roles to lyceum_owner using (true);
update roles set grants = grants - 'assets.upload';
drop policy granting on roles;
drop function door.stale_uploads(interval, integer);
drop table revision_assets;
drop table draft_unit_assets;
drop table assets;
