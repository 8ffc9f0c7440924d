-- Files that people upload: who may read one follows from where it is used.

create table assets (
    org_id uuid not null references organizations,
    id uuid not null,
    -- Pending until its content was looked at.
    state text not null default 'pending' check (state in ('pending', 'ready', 'rejected')),
    file_name text not null check (length(file_name) between 1 and 255),
    -- What its uploader said that it is; nobody believes it.
    declared_type text not null check (length(declared_type) between 1 and 255),
    -- What its content shows that it is.
    media_type text check (length(media_type) between 1 and 255),
    bytes integer not null check (bytes > 0),
    sha256 bytea check (length(sha256) = 32),
    rejection text check (rejection in ('wrong_size', 'program')),
    -- Where its content lies, once nobody can write there any more.
    object_id uuid,
    uploaded_by uuid not null,
    created_at timestamptz not null default now(),
    completed_at timestamptz,
    primary key (org_id, id),
    foreign key (org_id, uploaded_by) references memberships,
    check ((state = 'pending') = (completed_at is null)),
    check ((state = 'rejected') = (rejection is not null)),
    check ((state = 'ready') = (object_id is not null)),
    check (num_nulls(media_type, sha256, object_id) in (0, 3))
);
create index assets_of_member on assets (org_id, uploaded_by, id);
create index assets_pending on assets (created_at) where state = 'pending';
call classify('assets', 'key', 'org_id', 'id', 'object_id', 'uploaded_by');
call classify('assets', 'content', 'state', 'file_name', 'declared_type', 'media_type', 'bytes', 'sha256', 'rejection', 'created_at', 'completed_at');
call isolate_by_org('assets');
call remove_with_org('assets');
grant select, insert, update (state, media_type, sha256, rejection, object_id, completed_at), delete on assets to lyceum_app;

create table draft_unit_assets (
    org_id uuid not null,
    unit_id uuid not null,
    asset_id uuid not null,
    course_id uuid not null,
    primary key (org_id, unit_id, asset_id),
    foreign key (org_id, unit_id) references draft_units on delete cascade,
    foreign key (org_id, asset_id) references assets,
    foreign key (org_id, course_id) references courses
);
create index draft_unit_assets_of_asset on draft_unit_assets (org_id, asset_id);
create index draft_unit_assets_of_course on draft_unit_assets (org_id, course_id);
call classify('draft_unit_assets', 'key', 'org_id', 'unit_id', 'asset_id', 'course_id');
call isolate_by_org('draft_unit_assets');
call remove_with_org('draft_unit_assets');
call confine_to_course('draft_unit_assets', 'course_id');
grant select, insert, delete on draft_unit_assets to lyceum_app;

create table revision_assets (
    org_id uuid not null,
    revision_id uuid not null,
    asset_id uuid not null,
    course_id uuid not null,
    primary key (org_id, revision_id, asset_id),
    foreign key (org_id, course_id, revision_id) references course_revisions (org_id, course_id, id),
    foreign key (org_id, asset_id) references assets
);
create index revision_assets_of_asset on revision_assets (org_id, asset_id);
call classify('revision_assets', 'key', 'org_id', 'revision_id', 'asset_id', 'course_id');
call isolate_by_org('revision_assets');
call remove_with_org('revision_assets');
call confine_to_course('revision_assets', 'course_id');
grant select, insert on revision_assets to lyceum_app;

-- Uploads that nobody completed.
create policy door on assets for select to lyceum_door using (true);
grant select (id, state, created_at) on assets to lyceum_door;
create function door.stale_uploads(age interval, most integer)
returns table (org_id uuid, id uuid)
language sql stable security definer set search_path = pg_catalog, public rows 100
as $$
    select a.org_id, a.id from public.assets a where a.state = 'pending' and a.created_at < now() - age order by a.created_at limit most
$$;
revoke all on function door.stale_uploads(interval, integer) from public;
grant execute on function door.stale_uploads(interval, integer) to lyceum_app;
alter function door.stale_uploads(interval, integer) owner to lyceum_door;

create policy granting on roles to lyceum_owner using (true);
update roles set grants = grants || '{"assets.upload": ["all"]}' where is_built_in and slug <> 'support';
drop policy granting on roles;
