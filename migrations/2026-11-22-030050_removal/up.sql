-- An organisation's own policies go with it too.
do $$ begin
    if not exists (select from pg_policy where polrelid = 'policy_revisions'::regclass and polname = 'removal') then
        call remove_with_org('policy_revisions');
    end if;
end $$;
