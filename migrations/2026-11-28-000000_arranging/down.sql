create policy reverting on draft_modules to lyceum_owner using (true);
create policy reverting on draft_units to lyceum_owner using (true);
update draft_modules m set position = n.place from (
    select org_id, id, row_number() over (partition by org_id, course_id order by position) - 1 as place from draft_modules
) n where m.org_id = n.org_id and m.id = n.id;
update draft_units u set position = n.place from (
    select org_id, id, row_number() over (partition by org_id, module_id order by position) - 1 as place from draft_units
) n where u.org_id = n.org_id and u.id = n.id;
set constraints all immediate;
drop policy reverting on draft_units;
drop policy reverting on draft_modules;

alter table draft_units drop column version, alter column position type integer,
    add constraint draft_units_position_check check (position >= 0);
alter table draft_modules drop column version, alter column position type integer,
    add constraint draft_modules_position_check check (position >= 0);
