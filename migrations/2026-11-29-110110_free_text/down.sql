do $$
declare c record;
begin
    for c in select a.attrelid::regclass as target, a.attname, col_description(a.attrelid, a.attnum) as class
        from pg_attribute a where a.attnum > 0 and col_description(a.attrelid, a.attnum) like 'category=%; free text' loop
        execute format('comment on column %s.%I is %L', c.target, c.attname, replace(c.class, '; free text', ''));
    end loop;
end $$;
drop procedure mark_free_text;
