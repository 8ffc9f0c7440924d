-- What every organisation has stays what it is: nothing that serves requests turns a built-in role into another, takes it
-- away, or changes what it gives. That changes with the program, in migrations.
create function keep_built_in_roles() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or (new.org_id, new.id, new.slug, new.is_built_in, new.grants) is distinct from
        (old.org_id, old.id, old.slug, old.is_built_in, old.grants) then
        raise exception 'a built-in role stays' using errcode = 'check_violation', constraint = 'roles_built_in';
    end if;
    return new;
end $$;
create trigger keep_built_in before update or delete on roles for each row
    when (old.is_built_in and current_user = 'lyceum_app') execute function keep_built_in_roles();
