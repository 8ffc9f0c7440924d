create policy granting on roles to lyceum_owner using (true);
update roles set grants = grants - 'learner_sessions.create';
drop policy granting on roles;

drop policy one_course on certificates;
drop policy one_course on attempts;
drop policy one_course on enrollments;
drop policy one_course on course_revisions;
drop policy one_course on draft_units;
drop policy one_course on draft_modules;
drop policy one_course on course_drafts;
drop policy one_course on course_instructors;
drop policy one_course on courses;
drop procedure confine_to_course(regclass, text);
drop function app_course();

create or replace function door.forget_expired_of_apps()
returns bigint
language sql volatile security definer set search_path = pg_catalog, public
as $$
    with spent as (
        delete from public.api_token_secrets where expires_at < now() - interval '1 day' returning 1
    ), ended as (
        delete from public.api_tokens where least(expires_at, revoked_at) < now() - interval '30 days' returning 1
    )
    select (select count(*) from spent) + (select count(*) from ended)
$$;
revoke insert (id, email, first_name, last_name, password_hash) on users from lyceum_door;
drop function door.provision_account(text, text);
drop policy door_provisions on users;
drop function door.learner_session_spends(uuid, uuid, bigint);
drop function door.learner_session(bytea);
drop table learner_sessions;
alter table memberships drop constraint memberships_org_id_external_id_key, drop column external_id;
