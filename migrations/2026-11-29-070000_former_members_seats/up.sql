-- Who was removed has left their courses: so it is with those who were removed before that was so. Their seats go to who waits when the
-- next learner comes, or leaves.
create policy mending on memberships for select to lyceum_owner using (true);
create policy mending on enrollments to lyceum_owner using (true);
update enrollments e set state = 'withdrawn' from memberships m
where m.org_id = e.org_id and m.id = e.member_id and m.state = 'removed' and e.state in ('requested', 'waitlisted', 'active');
drop policy mending on enrollments;
drop policy mending on memberships;
