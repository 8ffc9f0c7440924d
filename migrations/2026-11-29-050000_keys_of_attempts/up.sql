-- The revisions whose answer keys regrades laid over those of the one that an attempt was started in, the first first. A regrade that changes
-- no points leaves no receipt, and yet its keys are what is right. Revisions go with their organisation alone, so nothing refers to them here.
alter table attempts add column keys_revisions uuid[] not null default '{}';
call classify('attempts', 'key', 'keys_revisions');

create policy mending on attempts to lyceum_owner using (true);
create policy mending on attempt_receipts to lyceum_owner using (true);
update attempts a set keys_revisions = r.keys
from (select org_id, attempt_id, array_agg(keys_revision_id order by number) as keys
    from (select org_id, attempt_id, keys_revision_id, min(number) as number from attempt_receipts group by 1, 2, 3) k
    group by org_id, attempt_id) r
where a.org_id = r.org_id and a.id = r.attempt_id and r.keys <> array[a.revision_id];
update attempts set keys_revisions = array_remove(keys_revisions, revision_id) where revision_id = any (keys_revisions);
drop policy mending on attempt_receipts;
drop policy mending on attempts;
