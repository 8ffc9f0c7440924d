drop table idempotency_records;
drop table outbox_events;
drop table audit_entries;
