-- By whose answer keys an attempt is graded now: those of the revision that it was started in, until a regrade applied those of a later one.
-- A regrade that changes no points leaves no receipt, and yet the later keys are what is right.
alter table attempts add column keys_revision_id uuid;
call classify('attempts', 'key', 'keys_revision_id');

create policy mending on attempts to lyceum_owner using (true);
create policy mending on attempt_receipts to lyceum_owner using (true);
update attempts a set keys_revision_id = r.keys_revision_id
from (select distinct on (org_id, attempt_id) org_id, attempt_id, keys_revision_id from attempt_receipts
    order by org_id, attempt_id, number desc) r
where a.org_id = r.org_id and a.id = r.attempt_id and r.keys_revision_id <> a.revision_id;
drop policy mending on attempt_receipts;
drop policy mending on attempts;
alter table attempts add constraint attempts_keys_revision_fkey foreign key (org_id, keys_revision_id) references course_revisions;
