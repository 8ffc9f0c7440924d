-- What ends support access is noted like every other move: the doors find and mark it, and the job that shows operators out writes it.

-- Whether a grant's state stands in the audit: not yet where its operator has become none.
alter table support_grants add column is_noted boolean not null default true;
call classify('support_grants', 'operation', 'is_noted');
create index support_grants_unnoted on support_grants (org_id, id) where not is_noted;
grant update (is_noted) on support_grants to lyceum_app;
grant select (org_id, id, is_noted), update (is_noted) on support_grants to lyceum_door;
revoke update (state) on memberships from lyceum_door;
grant update (support_until) on memberships to lyceum_door;

drop function door.end_support();

-- Grants by which somebody is a member whose time is over, and grants whose end is not noted yet.
create function door.due_support_ends(most integer)
returns table (org_id uuid, id uuid)
language sql stable security definer set search_path = pg_catalog, public rows 20
as $$
    (select m.org_id, m.support_grant_id from public.memberships m
        where m.support_until <= now() and m.state = 'active' order by m.support_until limit most)
    union
    (select g.org_id, g.id from public.support_grants g where not g.is_noted order by g.org_id, g.id limit most)
$$;
revoke all on function door.due_support_ends(integer) from public;
grant execute on function door.due_support_ends(integer) to lyceum_app;
alter function door.due_support_ends(integer) owner to lyceum_door;

-- Makes the account of an address an operator's, or no longer: then its time is over everywhere, at once. For the owner of the tables
-- alone: no way leads here from the API.
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
        -- The grants first, as whoever approves one does, so that none that is just approved is missed.
        update public.support_grants g set state = 'revoked', decided_at = now(), is_noted = false
            where g.operator_id = account and g.state in ('requested', 'approved');
        update public.memberships m set support_until = least(m.support_until, now())
            where m.user_id = account and m.support_until is not null and m.state <> 'removed';
    end if;
    return query select account is not null;
end $$;
