drop function door.forget_expired_of_accounts();
drop function door.refresh_token(bytea);
drop function door.session_used(uuid, timestamptz, text, text);
drop function door.session(bytea);

-- A session has one token again: its latest access token. Sessions without one cannot be used and end.
alter table sessions add token_hash bytea check (length(token_hash) = 32);
create policy moving on sessions to lyceum_owner using (true);
create policy moving on session_tokens to lyceum_owner using (true);
update sessions s set token_hash = (select t.token_hash from session_tokens t
    where t.session_id = s.id and t.kind = 'access' order by t.created_at desc limit 1);
delete from sessions where token_hash is null;
drop policy moving on sessions;
drop policy moving on session_tokens;
alter table sessions alter token_hash set not null, add unique (token_hash);
call classify('sessions', 'credential', 'token_hash');
grant select (token_hash) on sessions to lyceum_door;

drop table account_idempotency_records;
drop table security_events;
drop table session_tokens;
revoke select (authenticated_at, last_used_at), update (last_used_at, user_agent, network) on sessions from lyceum_door;
alter table sessions drop network, drop user_agent, drop last_used_at, drop authenticated_at;

create function door.session(wanted_hash bytea)
returns table (session_id uuid, user_id uuid, expires_at timestamptz, org_id uuid, org_slug text, member_id uuid, role_slug text, grants jsonb)
language sql stable security definer set search_path = pg_catalog, public rows 2
as $$
    select s.id, s.user_id, s.expires_at, m.org_id, o.slug, m.id, r.slug, r.grants
    from public.sessions s
    left join public.memberships m on m.user_id = s.user_id and m.state = 'active'
    left join public.roles r on r.org_id = m.org_id and r.id = m.role_id
    left join public.organizations o on o.id = m.org_id
    where s.token_hash = wanted_hash and s.revoked_at is null
$$;
revoke all on function door.session(bytea) from public;
grant execute on function door.session(bytea) to lyceum_app;
alter function door.session(bytea) owner to lyceum_door;
