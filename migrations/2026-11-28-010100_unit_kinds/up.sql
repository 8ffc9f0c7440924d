-- Units of more kinds. What is neither a text nor a quiz is kept whole under its kind: nothing of it is searched for.
alter table draft_units
    drop constraint draft_units_kind_check,
    add constraint draft_units_kind_check check (kind in ('text', 'video', 'file', 'link', 'quiz', 'assignment', 'live')),
    add column material jsonb,
    add constraint draft_units_material_check check (
        (kind in ('text', 'quiz')) = (material is null) and (material is null or coalesce(jsonb_typeof(material -> kind), 'nothing') = 'object')
    );
call classify('draft_units', 'content', 'material');
