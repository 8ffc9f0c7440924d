-- What proves what was submitted in an attempt and how it was graded. A receipt is written once and holds personal data by
-- reference: answers as digests, salted by what stands with the attempt and goes with it.

insert into classification.classes values
    ('receipt', 'learning', 'proves what was submitted and how it was graded, by reference only', 'contract', 'as long as the attempt');

alter table attempts add column salt bytea not null default uuid_send(gen_random_uuid()) check (length(salt) = 16);
call classify('attempts', 'learning', 'salt');

create table attempt_receipts (
    org_id uuid not null,
    attempt_id uuid not null,
    number integer not null check (number >= 1),
    kind text not null check (kind in ('submitted', 'graded', 'regraded')),
    -- What is signed, in canonical JSON; and the points of every answer, to which it is bound by their hash.
    document text not null,
    grading text not null,
    hash bytea not null check (length(hash) = 32),
    signature bytea not null check (length(signature) = 64),
    key_id text not null check (length(key_id) between 1 and 40),
    issued_at timestamptz not null,
    points integer,
    -- What the attempt had before, where it was graded anew.
    points_before integer,
    -- Whose answer keys it was graded by.
    keys_revision_id uuid not null,
    issued_by uuid,
    reason text check (length(reason) between 1 and 2000),
    primary key (org_id, attempt_id, number),
    foreign key (org_id, attempt_id) references attempts,
    foreign key (org_id, keys_revision_id) references course_revisions,
    foreign key (org_id, issued_by) references memberships
);
call classify('attempt_receipts', 'key', 'org_id', 'attempt_id', 'keys_revision_id', 'issued_by');
call classify('attempt_receipts', 'receipt', 'number', 'kind', 'document', 'grading', 'hash', 'signature', 'key_id', 'issued_at',
    'points', 'points_before', 'reason');
call isolate_by_org('attempt_receipts');
call remove_with_org('attempt_receipts');
grant select, insert on attempt_receipts to lyceum_app;
