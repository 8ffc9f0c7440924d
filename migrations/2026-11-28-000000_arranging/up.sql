-- Places between neighbours, so that a move writes one row; and a version of each module and unit, so that two authors
-- who edit the same one learn of each other.

alter table draft_modules
    drop constraint draft_modules_position_check,
    alter column position type double precision,
    add column version integer not null default 1;
call classify('draft_modules', 'content', 'version');

alter table draft_units
    drop constraint draft_units_position_check,
    alter column position type double precision,
    add column version integer not null default 1;
call classify('draft_units', 'content', 'version');
