-- The second factor of an account: one-time codes by time (RFC 6238), and recovery codes in their place.

create table totp_factors (
    user_id uuid primary key references users on delete cascade,
    -- Sealed with a key that follows from the master key.
    secret bytea not null check (length(secret) between 40 and 200),
    created_at timestamptz not null default now(),
    confirmed_at timestamptz,
    -- The time step of the last code that was accepted: neither it nor an earlier one is accepted again.
    last_step bigint
);
call classify('totp_factors', 'key', 'user_id');
call classify('totp_factors', 'credential', 'secret', 'created_at', 'confirmed_at', 'last_step');
call isolate_by_user('totp_factors', 'user_id');
grant select, insert, update, delete on totp_factors to lyceum_app;

create table recovery_codes (
    user_id uuid not null references users on delete cascade,
    code_hash bytea not null check (length(code_hash) = 32),
    created_at timestamptz not null default now(),
    used_at timestamptz,
    primary key (user_id, code_hash)
);
call classify('recovery_codes', 'key', 'user_id');
call classify('recovery_codes', 'credential', 'code_hash', 'created_at', 'used_at');
call isolate_by_user('recovery_codes', 'user_id');
grant select, insert, update, delete on recovery_codes to lyceum_app;
