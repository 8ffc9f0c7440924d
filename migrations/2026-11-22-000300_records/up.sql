-- What every mutation leaves behind: who did what, what follows from it, and what it answered.

create table audit_entries (
    org_id uuid not null references organizations,
    id uuid not null,
    -- Given by the sequencer once the entry's transaction is below every running one; null until then.
    sequence bigint,
    transaction_id xid8 not null default pg_current_xact_id(),
    at timestamptz not null default now(),
    actor_id uuid,
    action text not null,
    target text not null,
    detail jsonb not null default '{}',
    request_id text not null,
    -- SHA-256 over the former entry's seal and this entry's own fields.
    seal bytea check (length(seal) = 32),
    primary key (org_id, id),
    unique (org_id, sequence),
    check ((sequence is null) = (seal is null))
);
create index audit_entries_unsealed on audit_entries (org_id, transaction_id, id) where sequence is null;
call classify('audit_entries', 'key', 'org_id', 'id', 'sequence', 'transaction_id');
call classify('audit_entries', 'audit', 'at', 'actor_id', 'action', 'target', 'detail', 'request_id', 'seal');
call isolate_by_org('audit_entries');
grant select, insert on audit_entries to lyceum_app;

create table outbox_events (
    org_id uuid not null references organizations,
    id uuid not null,
    sequence bigint,
    transaction_id xid8 not null default pg_current_xact_id(),
    at timestamptz not null default now(),
    kind text not null,
    subject text not null,
    detail jsonb not null default '{}',
    primary key (org_id, id),
    unique (org_id, sequence)
);
create index outbox_events_unsequenced on outbox_events (org_id, transaction_id, id) where sequence is null;
call classify('outbox_events', 'key', 'org_id', 'id', 'sequence', 'transaction_id');
call classify('outbox_events', 'operation', 'at', 'kind', 'subject', 'detail');
call isolate_by_org('outbox_events');
grant select, insert on outbox_events to lyceum_app;

create table idempotency_records (
    org_id uuid not null references organizations,
    actor_id uuid not null,
    mutation text not null,
    key text not null check (length(key) between 1 and 200),
    input_hash bytea not null check (length(input_hash) = 32),
    outcome jsonb not null,
    created_at timestamptz not null default now(),
    primary key (org_id, actor_id, mutation, key)
);
create index idempotency_records_by_age on idempotency_records (created_at);
call classify('idempotency_records', 'key', 'org_id', 'actor_id', 'mutation', 'key');
call classify('idempotency_records', 'operation', 'input_hash', 'outcome', 'created_at');
call isolate_by_org('idempotency_records');
grant select, insert on idempotency_records to lyceum_app;
