drop function door.invitation;
create function door.invitation(wanted_hash bytea)
returns table (org_id uuid, id uuid, email text, organization_name text, role_name text, expires_at timestamptz, is_open boolean)
language sql stable security definer set search_path = pg_catalog, public rows 1
as $$
    select i.org_id, i.id, i.email, o.name, r.name, i.expires_at, i.state = 'pending' and i.expires_at > clock_timestamp()
    from public.invitations i
    join public.organizations o on o.id = i.org_id
    join public.roles r on r.org_id = i.org_id and r.id = i.role_id
    where i.token_hash = wanted_hash
$$;
revoke all on function door.invitation from public;
grant execute on function door.invitation to lyceum_app;
alter function door.invitation owner to lyceum_door;
drop procedure remove_with_org;
drop function door.remove_organization, door.due_organizations, door.founded_organizations, door.origins;
do $$
declare t regclass;
begin
    for t in select polrelid from pg_policy where polname = 'removal' loop
        execute format('drop policy removal on %s', t);
        execute format('revoke delete on %s from lyceum_door', t);
    end loop;
end $$;
revoke select (org_id) on course_instructors, course_drafts, draft_modules, draft_units, draft_questions, course_revisions, revision_answer_keys,
    courses, enrollments, unit_progress, progress_events, attempt_answers, groups, group_members, idempotency_records, organization_security_events from lyceum_door;
-- What doors may delete without removal.
grant delete on idempotency_records, outbox_events to lyceum_door;
alter table courses alter constraint courses_org_id_id_revision_id_fkey not deferrable;
alter table roles no force row level security;
update roles set grants = grants - 'org.update' - 'org.delete';
alter table roles force row level security;
drop table organization_origins;
revoke select (founded_by, deletes_at) on organizations from lyceum_door;
alter table organizations drop column locale, drop column legal_company_name, drop column legal_address, drop column legal_registration_number,
    drop column legal_contact_email, drop column ai_enabled, drop column allows_demo_use, drop column allows_marketing_use, drop column deletes_at,
    drop column founded_by, drop column version;
