-- When somebody said that they are 13 or older, as they made their account. Accounts from before, and those that a sign-in made without
-- asking, have said nothing.

insert into classification.classes values
    ('age', 'identity', 'shows that somebody said that they are 13 or older', 'legal_obligation', 'until the account is erased');

alter table users add column age_attested_at timestamptz;
call classify('users', 'age', 'age_attested_at');
