drop function door.due_enrollments(integer);
drop policy door on enrollments;
revoke select (org_id, id, state, expires_at, renews_at) on enrollments from lyceum_door;
grant select (org_id) on enrollments to lyceum_door;

-- Of several certificates of an enrolment the newest stays.
create policy reverting on certificates to lyceum_owner using (true);
delete from certificates c using certificates n
    where n.org_id = c.org_id and n.enrollment_id = c.enrollment_id and n.cycle > c.cycle;
drop policy reverting on certificates;
alter table certificates
    drop constraint certificates_org_id_enrollment_id_cycle_key,
    drop column cycle,
    add constraint certificates_org_id_enrollment_id_key unique (org_id, enrollment_id);
alter table attempts drop column cycle;
revoke delete on unit_progress from lyceum_app;
drop table enrollment_cycles;

-- Who is not in the course has left it.
create policy reverting on enrollments to lyceum_owner using (true);
update enrollments set state = 'withdrawn', decline_reason = null where state in ('requested', 'waitlisted', 'expired', 'declined');
drop policy reverting on enrollments;
drop index enrollments_waiting, enrollments_to_expire, enrollments_to_renew;
alter table enrollments
    drop constraint enrollments_state_check,
    add constraint enrollments_state_check check (state in ('active', 'completed', 'withdrawn')),
    drop column cycle,
    drop column due_at,
    drop column expires_at,
    drop column requested_at,
    drop column decided_by,
    drop column decline_reason,
    drop column renews_at;
drop index memberships_by_email;
drop table enrollment_terms;
