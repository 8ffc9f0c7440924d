-- What there was no kind for becomes an empty text.
create policy reverting on draft_units to lyceum_owner using (true);
alter table draft_units drop constraint draft_units_material_check, drop column material, drop constraint draft_units_check;
update draft_units set kind = 'text', body = '' where kind not in ('text', 'quiz');
drop policy reverting on draft_units;
alter table draft_units
    add constraint draft_units_check check ((kind = 'text') = (body is not null)),
    drop constraint draft_units_kind_check,
    add constraint draft_units_kind_check check (kind in ('text', 'quiz'));
