-- The sessions that an app's tokens opened, and those that end with one.
create index learner_sessions_of_token on learner_sessions (org_id, token_id, id);
