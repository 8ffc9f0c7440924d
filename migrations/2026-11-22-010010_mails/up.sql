-- Mails that wait to be delivered, the single-use tokens that mails and second steps carry, and which addresses are verified.

alter table users add email_verified_at timestamptz;
call classify('users', 'contact', 'email_verified_at');
-- Accounts from before were made by who runs the service, with addresses that are known to be right.
create policy moving on users to lyceum_owner using (true);
update users set email_verified_at = created_at;
drop policy moving on users;

-- What is to be mailed, without any secret: a token in it is made when it is delivered.
create table mails (
    id uuid primary key,
    -- Whose request posted it; none where nobody was signed in.
    user_id uuid references users on delete cascade,
    template text not null check (template in ('verify_email', 'account_exists', 'reset_password', 'change_email',
        'security_notice', 'invitation')),
    recipient text not null check (length(recipient) between 3 and 254),
    detail jsonb not null default '{}',
    created_at timestamptz not null default now(),
    attempts integer not null default 0,
    due_at timestamptz not null default now(),
    failed_at timestamptz
);
create index mails_due on mails (due_at) where failed_at is null;
call classify('mails', 'key', 'id', 'user_id');
call classify('mails', 'contact', 'recipient');
call classify('mails', 'operation', 'template', 'detail', 'created_at', 'attempts', 'due_at', 'failed_at');
alter table mails enable row level security;
alter table mails force row level security;
-- Posted in one's own name or in nobody's, and read by the deliverer's doors alone.
create policy posting on mails for insert to lyceum_app with check (user_id is null or user_id = (select app_user()));
grant insert on mails to lyceum_app;

create table account_tokens (
    id uuid primary key,
    user_id uuid not null references users on delete cascade,
    purpose text not null check (purpose in ('verify_email', 'change_email', 'reset_password', 'sign_in')),
    -- The address that the token was sent to, and proves.
    email text check (email = lower(email) and length(email) between 3 and 254),
    token_hash bytea not null unique check (length(token_hash) = 32),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz,
    check ((email is null) = (purpose = 'sign_in'))
);
create index account_tokens_of_user on account_tokens (user_id, purpose);
call classify('account_tokens', 'key', 'id', 'user_id');
call classify('account_tokens', 'contact', 'email');
call classify('account_tokens', 'credential', 'purpose', 'token_hash', 'created_at', 'expires_at', 'used_at');
call isolate_by_user('account_tokens', 'user_id');
grant select, insert, update on account_tokens to lyceum_app;

create policy door on mails to lyceum_door using (true);
create policy door on account_tokens to lyceum_door using (true);
grant select, update (attempts, due_at, failed_at), delete on mails to lyceum_door;
grant select (id, user_id, purpose, token_hash, created_at, expires_at), delete on account_tokens to lyceum_door;

-- Takes mails that are due to deliver them. Until they are closed they become due again, later each time, so that none is lost
-- with the node that took it.
create function door.due_mails(most integer)
returns table (id uuid, user_id uuid, template text, recipient text, detail jsonb, attempts integer)
language sql volatile security definer set search_path = pg_catalog, public rows 20
as $$
    update public.mails m set attempts = m.attempts + 1, due_at = now() + interval '1 minute' * power(2, least(m.attempts, 9))
    where m.id in (select d.id from public.mails d where d.due_at <= now() and d.failed_at is null
        order by d.due_at limit most for update skip locked)
    returning m.id, m.user_id, m.template, m.recipient, m.detail, m.attempts
$$;

-- Forgets a mail that was delivered, or marks one that never will be.
create function door.close_mail(wanted uuid, is_delivered boolean)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, public
as $$
begin
    if is_delivered then
        delete from public.mails where id = wanted;
    else
        update public.mails set failed_at = now() where id = wanted;
    end if;
end $$;

-- Whose a token is and what it is for.
create function door.account_token(wanted_hash bytea)
returns table (id uuid, user_id uuid, purpose text)
language sql stable security definer set search_path = pg_catalog, public rows 1
as $$ select id, user_id, purpose from public.account_tokens where token_hash = wanted_hash $$;

create or replace function door.forget_expired_of_accounts()
returns bigint
language sql volatile security definer set search_path = pg_catalog, public
as $$
    with spent as (
        delete from public.session_tokens where kind = 'access' and expires_at < now() - interval '1 day' returning 1
    ), idempotency as (
        delete from public.account_idempotency_records where created_at < now() - interval '24 hours' returning 1
    ), undelivered as (
        delete from public.mails where failed_at < now() - interval '30 days' returning 1
    ), tokens as (
        delete from public.account_tokens where expires_at < now() - interval '30 days' returning 1
    )
    select (select count(*) from spent) + (select count(*) from idempotency)
        + (select count(*) from undelivered) + (select count(*) from tokens)
$$;

do $$
declare f regprocedure;
begin
    for f in select p.oid from pg_proc p where p.pronamespace = 'door'::regnamespace
        and p.proname in ('due_mails', 'close_mail', 'account_token') loop
        execute format('revoke all on function %s from public', f);
        execute format('grant execute on function %s to lyceum_app', f);
        execute format('alter function %s owner to lyceum_door', f);
    end loop;
end $$;
