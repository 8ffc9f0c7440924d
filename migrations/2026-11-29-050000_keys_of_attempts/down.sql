alter table attempts
    drop constraint attempts_keys_revision_fkey,
    drop column keys_revision_id;
