-- When a course was begun anew: what a device noted before that is of the former cycle.
alter table enrollment_cycles add column ended_at timestamptz;
-- The moment itself was not kept; all that is certain is that the course was complete before it.
create policy mending on enrollment_cycles to lyceum_owner using (true);
update enrollment_cycles set ended_at = completed_at;
drop policy mending on enrollment_cycles;
alter table enrollment_cycles
    alter column ended_at set not null,
    alter column ended_at set default now();
call classify('enrollment_cycles', 'learning', 'ended_at');
