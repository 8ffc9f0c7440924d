drop index learner_sessions_of_token;
