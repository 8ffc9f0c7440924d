drop function door.due_support_ends(integer);
revoke update (support_until) on memberships from lyceum_door;
grant update (state) on memberships to lyceum_door;

create or replace function door.operator_set(wanted_email text, is_operator boolean)
returns table (found boolean)
language plpgsql volatile security definer set search_path = pg_catalog, public
as $$
declare account uuid;
begin
    select u.id into account from public.users u where u.email = lower(wanted_email);
    if account is not null and is_operator then
        insert into public.operators (user_id) values (account) on conflict do nothing;
    elsif account is not null then
        delete from public.operators o where o.user_id = account;
        update public.memberships m set state = 'removed'
            where m.user_id = account and m.support_until is not null and m.state <> 'removed';
        update public.support_grants g set state = 'revoked', decided_at = now()
            where g.operator_id = account and g.state in ('requested', 'approved');
    end if;
    return query select account is not null;
end $$;

create function door.end_support()
returns table (user_id uuid)
language sql volatile security definer set search_path = pg_catalog, public
as $$
    update public.memberships m set state = 'removed' where m.support_until <= now() and m.state = 'active' returning m.user_id
$$;
revoke all on function door.end_support() from public;
grant execute on function door.end_support() to lyceum_app;
alter function door.end_support() owner to lyceum_door;

revoke select (org_id, id) on support_grants from lyceum_door;
alter table support_grants drop column is_noted;
