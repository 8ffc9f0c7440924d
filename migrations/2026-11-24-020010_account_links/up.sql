-- Proposals that a personal account with an address of an organisation's domain belongs to that organisation.

create table account_links (
    org_id uuid not null references organizations,
    id uuid not null,
    -- Whom it is for: whoever has shown that this address is theirs, be there an account or not.
    email text not null check (email = lower(email) and length(email) between 3 and 254),
    -- The organisation's name as the person is told it, who is no member yet.
    organization_name text not null check (length(organization_name) between 1 and 200),
    state text not null default 'proposed' check (state in ('proposed', 'accepted', 'refused', 'withdrawn', 'ended')),
    proposed_by uuid not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    -- When it came to stand where it stands.
    changed_at timestamptz not null default now(),
    -- Who answered it, and who they are in the organisation since they accepted.
    user_id uuid references users,
    member_id uuid,
    primary key (org_id, id),
    foreign key (org_id, proposed_by) references memberships,
    foreign key (org_id, member_id) references memberships,
    check (state in ('proposed', 'withdrawn') = (user_id is null)),
    check (state in ('accepted', 'ended') = (member_id is not null))
);
create unique index account_links_open on account_links (org_id, email) where state in ('proposed', 'accepted');
create index account_links_by_address on account_links (email) where user_id is null;
create index account_links_of_user on account_links (user_id) where user_id is not null;
create index account_links_of_member on account_links (org_id, member_id) where member_id is not null;
call classify('account_links', 'key', 'org_id', 'id', 'proposed_by', 'user_id', 'member_id');
call classify('account_links', 'contact', 'email');
call classify('account_links', 'content', 'organization_name');
call classify('account_links', 'identity', 'state', 'created_at', 'expires_at', 'changed_at');
call isolate_by_org('account_links');
call remove_with_org('account_links');
-- The person sees what is for their address, and what they answered.
create policy own_rows on account_links for select to lyceum_app using (user_id = (select app_user()) or user_id is null
    and email = (select u.email from users u where u.id = (select app_user()) and u.email_verified_at is not null));
grant select, insert, update (state, changed_at, user_id, member_id) on account_links to lyceum_app;

alter table mails drop constraint mails_template_check, add constraint mails_template_check check (template in
    ('verify_email', 'account_exists', 'reset_password', 'change_email', 'security_notice', 'invitation', 'account_link'));

-- The account that is linked to an organisation under an address, as long as the address is verified, the domain is the
-- organisation's, and the person is a member.
create policy door on account_links for select to lyceum_door using (true);
grant select (id, email, state, user_id, member_id) on account_links to lyceum_door;
grant select (email_verified_at) on users to lyceum_door;
create function door.linked_account(wanted_org uuid, wanted_email text, wanted_domain text)
returns table (user_id uuid)
language sql stable security definer set search_path = pg_catalog, public rows 1
as $$
    select u.id from public.account_links l
    join public.users u on u.id = l.user_id and u.email = l.email and u.email_verified_at is not null
    join public.memberships m on m.org_id = l.org_id and m.id = l.member_id and m.state <> 'removed'
    join public.organization_domains d on d.org_id = l.org_id and d.domain = wanted_domain and d.verified_at is not null
    where l.org_id = wanted_org and l.email = wanted_email and l.state = 'accepted'
$$;
revoke all on function door.linked_account(uuid, text, text) from public;
grant execute on function door.linked_account(uuid, text, text) to lyceum_app;
alter function door.linked_account(uuid, text, text) owner to lyceum_door;
