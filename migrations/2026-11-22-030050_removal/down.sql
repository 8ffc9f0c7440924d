drop policy removal on policy_revisions;
revoke delete on policy_revisions from lyceum_door;
