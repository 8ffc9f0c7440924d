-- People with accounts, and their sessions: global, reachable by the person alone.

create table users (
    id uuid primary key,
    email text not null unique check (email = lower(email) and length(email) between 3 and 254),
    first_name text not null check (length(first_name) between 1 and 100),
    last_name text not null check (length(last_name) between 1 and 100),
    password_hash text not null,
    created_at timestamptz not null default now()
);
call classify('users', 'key', 'id');
call classify('users', 'identity', 'first_name', 'last_name', 'created_at');
call classify('users', 'contact', 'email');
call classify('users', 'credential', 'password_hash');
call isolate_by_user('users', 'id');
grant select, insert, update on users to lyceum_app;

create table sessions (
    id uuid primary key,
    user_id uuid not null references users,
    token_hash bytea not null unique check (length(token_hash) = 32),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create index sessions_of_user on sessions (user_id, id);
call classify('sessions', 'key', 'id', 'user_id');
call classify('sessions', 'credential', 'token_hash', 'created_at', 'expires_at', 'revoked_at');
call isolate_by_user('sessions', 'user_id');
grant select, insert, update on sessions to lyceum_app;
