create or replace function door.forget_expired()
returns bigint
language sql volatile security definer set search_path = pg_catalog, public
as $$
    with idempotency as (
        delete from public.idempotency_records where created_at < now() - interval '24 hours' returning 1
    ), spent as (
        delete from public.sessions where least(expires_at, revoked_at) < now() - interval '30 days' returning 1
    ), told as (
        delete from public.outbox_events where sequence is not null and at < now() - interval '30 days' returning 1
    )
    select (select count(*) from idempotency) + (select count(*) from spent) + (select count(*) from told)
$$;
