-- What people say of themselves, all of it optional, and who sees it. Each detail is a row of its own, so that row security decides
-- about each: its person sees it, and, where it says so, whoever acts in an organisation of which the person is an active member.

insert into classification.classes values
    ('profile', 'identity', 'tells others who somebody is, as far as the person lets it', 'contract', 'until the person takes it back or the account is erased');

create table profile_details (
    user_id uuid not null references users on delete cascade,
    detail text not null check (detail = any (array['bio', 'education', 'experience', 'goals', 'phone', 'avatar_url', 'company', 'job_title', 'username', 'country'])),
    value text not null check (length(value) between 1 and 2000),
    visibility text not null default 'private' check (visibility = any (array['private', 'members'])),
    primary key (user_id, detail),
    check (detail <> 'username' or value = lower(value))
);
-- A user name is one person's on the whole platform.
create unique index profile_details_of_usernames on profile_details (value) where detail = 'username';
call classify('profile_details', 'key', 'user_id', 'detail');
call classify('profile_details', 'profile', 'value', 'visibility');
call isolate_by_user('profile_details', 'user_id');
create policy rows_for_members on profile_details for select to lyceum_app using (
    visibility = 'members' and exists (
        select from memberships m where m.user_id = profile_details.user_id and m.state = 'active'
            and m.org_id = any ((select app_orgs())::uuid[])));
grant select, insert, update, delete on profile_details to lyceum_app;
