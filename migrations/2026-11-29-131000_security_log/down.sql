-- What was told stays until its time is over: the next number of a log follows from its newest event.
drop trigger tell_of_security_event on organization_security_events;
drop function door.tell_of_security_event();
drop policy door_tells on outbox_events;
revoke insert (org_id, id, at, kind, subject) on outbox_events from lyceum_door;
