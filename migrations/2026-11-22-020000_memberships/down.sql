drop trigger keep_built_in on roles;
drop function keep_built_in_roles;
