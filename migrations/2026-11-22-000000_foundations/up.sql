-- What every later migration stands on: the scope of a session, the classification of columns, the two shapes
-- of row security. Roles are made before the first migration: lyceum_owner runs this, lyceum_app serves
-- requests, lyceum_door (no login) owns the few look-ups that have no scope yet.

create schema door authorization lyceum_door;
grant usage on schema public, door to lyceum_app;
grant usage on schema public to lyceum_door;

-- A transaction-local setting reads '' once its transaction is over, not null: nullif covers both.
create function app_user() returns uuid language sql stable parallel safe
as $$ select nullif(current_setting('app.user', true), '')::uuid $$;

create function app_orgs() returns uuid[] language sql stable parallel safe
as $$ select nullif(current_setting('app.orgs', true), '')::uuid[] $$;

create schema classification;

create table classification.classes (
    name text primary key,
    category text not null check (category in ('key', 'content', 'identity', 'contact', 'credential', 'learning', 'record', 'operation')),
    purpose text not null,
    basis text not null check (basis in ('none', 'contract', 'legitimate_interest', 'legal_obligation')),
    retention text not null
);

insert into classification.classes values
    ('key', 'key', 'tells rows apart and links them', 'none', 'as long as the row'),
    ('content', 'content', 'what the organisation teaches and how it is set up', 'none', 'until the organisation deletes it'),
    ('identity', 'identity', 'tells the person and the organisation who somebody is', 'contract', 'until the account or membership is erased'),
    ('contact', 'contact', 'reaches the person and signs them in', 'contract', 'until the account or membership is erased'),
    ('credential', 'credential', 'proves who somebody is', 'contract', 'until it expires or is revoked'),
    ('learning', 'learning', 'records what a learner did and achieved', 'contract', 'until the enrolment is erased'),
    ('certificate', 'learning', 'lets a certificate be verified', 'contract', 'as long as the certificate is verifiable'),
    ('audit', 'record', 'shows who did what, by reference only', 'legitimate_interest', '2 years'),
    ('operation', 'operation', 'runs the service', 'none', '30 days after its work is done');

-- Writes a column's class into its comment, in the one form that the register and its test read.
create procedure classify(target regclass, class text, variadic columns text[]) language plpgsql as $$
declare c classification.classes; name text;
begin
    select * into strict c from classification.classes k where k.name = class;
    foreach name in array columns loop
        execute format('comment on column %s.%I is %L', target, name,
            format('category=%s; purpose=%s; basis=%s; retention=%s', c.category, c.purpose, c.basis, c.retention));
    end loop;
end $$;

-- Closes a table to everybody but the rows of the session's organisations. Forced, so that it binds the owner too.
create procedure isolate_by_org(target regclass) language plpgsql as $$
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    execute format('create policy org_rows on %s to lyceum_app using (org_id = any ((select app_orgs())::uuid[]))', target);
end $$;

-- Closes a table to everybody but the signed-in person's own rows.
create procedure isolate_by_user(target regclass, user_column text) language plpgsql as $$
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    execute format('create policy own_rows on %s to lyceum_app using (%I = (select app_user()))', target, user_column);
end $$;
