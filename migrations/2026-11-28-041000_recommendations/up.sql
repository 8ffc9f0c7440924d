-- What people say that they want to learn, and what they object to being done with what is known of them.

insert into classification.classes values
    ('interest', 'identity', 'suggests courses to the person', 'legitimate_interest', 'until the person takes it back or the account is erased'),
    ('objection', 'record', 'keeps to what the person objects to', 'legal_obligation', 'until the account is erased');

create table interests (
    user_id uuid primary key references users on delete cascade,
    tags text[] not null check (cardinality(tags) <= 20)
);
call classify('interests', 'key', 'user_id');
call classify('interests', 'interest', 'tags');
call isolate_by_user('interests', 'user_id');
grant select, insert, update on interests to lyceum_app;

-- An objection stands until it is withdrawn; its row stays, so that it can be shown when it stood.
create table processing_objections (
    id uuid primary key,
    user_id uuid not null references users on delete cascade,
    purpose text not null check (purpose = any (array['profiling'])),
    objected_at timestamptz not null default now(),
    withdrawn_at timestamptz
);
create index processing_objections_of_user on processing_objections (user_id, id);
create unique index processing_objections_standing on processing_objections (user_id, purpose) where withdrawn_at is null;
call classify('processing_objections', 'key', 'id', 'user_id');
call classify('processing_objections', 'objection', 'purpose', 'objected_at', 'withdrawn_at');
call isolate_by_user('processing_objections', 'user_id');
grant select, insert, update on processing_objections to lyceum_app;
