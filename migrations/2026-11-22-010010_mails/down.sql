create or replace function door.forget_expired_of_accounts()
returns bigint
language sql volatile security definer set search_path = pg_catalog, public
as $$
    with spent as (
        delete from public.session_tokens where kind = 'access' and expires_at < now() - interval '1 day' returning 1
    ), idempotency as (
        delete from public.account_idempotency_records where created_at < now() - interval '24 hours' returning 1
    )
    select (select count(*) from spent) + (select count(*) from idempotency)
$$;
drop function door.account_token(bytea);
drop function door.close_mail(uuid, boolean);
drop function door.due_mails(integer);
drop table account_tokens;
drop table mails;
alter table users drop email_verified_at;
