-- A child's account waits for the consent of a parent or guardian, and is deleted unless it comes.

insert into classification.classes values
    ('guardian', 'contact', 'asks a parent or guardian for their consent', 'legal_obligation', 'until the account is erased'),
    ('consent', 'record', 'shows that a guardian was asked, and that they consented', 'legal_obligation', 'until the account is erased'),
    ('deletion', 'record', 'shows that an account was deleted, and why, and not whose it was', 'legal_obligation', 'without end');

create table guardian_consents (
    user_id uuid primary key references users on delete cascade,
    -- Where the guardian is reached.
    email text not null check (email = lower(email) and length(email) between 3 and 254),
    asked_at timestamptz not null default now(),
    expires_at timestamptz not null,
    -- The account waits until it is given.
    given_at timestamptz
);
create index guardian_consents_due on guardian_consents (expires_at) where given_at is null;
call classify('guardian_consents', 'key', 'user_id');
call classify('guardian_consents', 'guardian', 'email');
call classify('guardian_consents', 'consent', 'asked_at', 'expires_at', 'given_at');
call isolate_by_user('guardian_consents', 'user_id');
grant select, insert, update (given_at) on guardian_consents to lyceum_app;

-- No session opens for an account that waits, whoever would open it.
create function await_guardian() returns trigger language plpgsql as $$
begin
    if exists (select from guardian_consents where user_id = new.user_id and given_at is null) then
        raise exception 'a guardian is to consent first' using errcode = 'check_violation', constraint = 'sessions_guardian_consent';
    end if;
    return new;
end $$;
create trigger await_guardian before insert on sessions for each row execute function await_guardian();

-- That an account was deleted, and nothing of whose it was. Written once and read by nobody who serves requests.
create table account_deletions (
    id uuid primary key,
    reason text not null check (reason = any (array['minor'])),
    deleted_at timestamptz not null
);
call classify('account_deletions', 'key', 'id');
call classify('account_deletions', 'deletion', 'reason', 'deleted_at');
alter table account_deletions enable row level security;
alter table account_deletions force row level security;

-- Of accounts the doors delete those that wait, and what happened to them; row security lets them reach no others.
create policy door on guardian_consents for select to lyceum_door using (true);
create policy door on account_deletions for insert to lyceum_door with check (true);
create policy door_deletes on users for delete to lyceum_door
    using (exists (select from guardian_consents g where g.user_id = users.id and g.given_at is null));
create policy door_finds on security_events for select to lyceum_door
    using (exists (select from guardian_consents g where g.user_id = security_events.user_id and g.given_at is null));
create policy door_deletes on security_events for delete to lyceum_door
    using (exists (select from guardian_consents g where g.user_id = security_events.user_id and g.given_at is null));
-- The keys to an account that is deleted.
create index session_tokens_of_user on session_tokens (user_id);
create index mails_of_user on mails (user_id) where user_id is not null;
grant select (user_id, expires_at, given_at) on guardian_consents to lyceum_door;
grant insert on account_deletions to lyceum_door;
grant delete on users to lyceum_door;
grant select (user_id), delete on security_events to lyceum_door;
grant select (user_id) on account_idempotency_records to lyceum_door;

-- Accounts that have waited long enough.
create function door.due_guardian_consents(at timestamptz, most integer)
returns table (user_id uuid)
language sql stable security definer set search_path = pg_catalog, public rows 20
as $$
    select g.user_id from public.guardian_consents g
    where g.given_at is null and g.expires_at <= at order by g.expires_at limit most
$$;

-- Deletes an account that waits, with everything of it, and says which address it had. It has no session, and so no place in an
-- organisation either: the keys of those tables would keep it.
create function door.delete_waiting_account(wanted_user uuid, deletion uuid, at timestamptz)
returns table (email text)
language plpgsql volatile security definer set search_path = pg_catalog, public
as $$
declare address text;
begin
    select u.email into address from public.users u
        join public.guardian_consents g on g.user_id = u.id and g.given_at is null where u.id = wanted_user;
    if not found then
        return;
    end if;
    delete from public.security_events e where e.user_id = wanted_user;
    delete from public.account_idempotency_records r where r.user_id = wanted_user;
    delete from public.users u where u.id = wanted_user;
    insert into public.account_deletions (id, reason, deleted_at) values (deletion, 'minor', at);
    return query select address;
end $$;

alter table mails drop constraint mails_template_check, add constraint mails_template_check check (template in
    ('verify_email', 'account_exists', 'reset_password', 'change_email', 'security_notice', 'invitation', 'account_link',
    'ownership_offered', 'ownership_transferred', 'guardian_consent', 'guardian_consented', 'account_deleted'));
alter table account_tokens drop constraint account_tokens_purpose_check, add constraint account_tokens_purpose_check check (purpose in
    ('verify_email', 'change_email', 'reset_password', 'sign_in', 'guardian_consent'));

do $$
declare target text; f regprocedure;
begin
    foreach target in array array['security_events', 'organization_security_events'] loop
        execute format('alter table %I drop constraint %I, add constraint %I check (kind in (''signed_in'', ''sign_in_failed'',
            ''stepped_up'', ''step_up_failed'', ''session_revoked'', ''refresh_token_replayed'', ''email_verified'', ''email_changed'',
            ''password_changed'', ''password_reset'', ''second_factor_added'', ''second_factor_removed'', ''recovery_codes_made'',
            ''recovery_code_used'', ''api_token_used_from_new_network'', ''signed_in_by_provider'', ''identity_linked'',
            ''identity_unlinked'', ''cross_tenant_attempt'', ''guardian_consented''))', target, target || '_kind_check', target || '_kind_check');
    end loop;
    for f in select p.oid from pg_proc p where p.pronamespace = 'door'::regnamespace
        and p.proname in ('due_guardian_consents', 'delete_waiting_account') loop
        execute format('revoke all on function %s from public', f);
        execute format('grant execute on function %s to lyceum_app', f);
        execute format('alter function %s owner to lyceum_door', f);
    end loop;
end $$;
