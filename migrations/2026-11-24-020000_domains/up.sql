-- Domains that an organisation says are its own, and has shown to be.

create table organization_domains (
    org_id uuid not null references organizations,
    id uuid not null,
    -- As DNS has it: in lower case, international names in their ASCII form.
    domain text not null check (domain ~ '^[a-z0-9.-]{3,253}$'),
    -- What stands in the domain's text record. Everybody may read it there, so it is no secret.
    challenge text not null default replace(gen_random_uuid()::text, '-', '') check (length(challenge) between 16 and 100),
    created_at timestamptz not null default now(),
    verified_at timestamptz,
    primary key (org_id, id),
    unique (org_id, domain)
);
create index organization_domains_verified on organization_domains (domain) where verified_at is not null;
call classify('organization_domains', 'key', 'org_id', 'id');
call classify('organization_domains', 'content', 'domain', 'challenge', 'created_at', 'verified_at');
call isolate_by_org('organization_domains');
call remove_with_org('organization_domains');
grant select, insert, update (verified_at), delete on organization_domains to lyceum_app;

-- Which organisation has shown that a domain is its own. At most one has, since whoever writes that asks here first, under the
-- domain's lock.
create policy door on organization_domains for select to lyceum_door using (true);
grant select on organization_domains to lyceum_door;
create function door.domain_holder(wanted_domain text)
returns table (org_id uuid, id uuid, challenge text)
language sql stable security definer set search_path = pg_catalog, public rows 1
as $$ select d.org_id, d.id, d.challenge from public.organization_domains d where d.domain = wanted_domain and d.verified_at is not null $$;
revoke all on function door.domain_holder(text) from public;
grant execute on function door.domain_holder(text) to lyceum_app;
alter function door.domain_holder(text) owner to lyceum_door;
