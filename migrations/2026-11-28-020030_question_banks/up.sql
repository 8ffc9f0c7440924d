-- Banks of questions, from which quizzes draw. A question's versions are written once; what a quiz draws from is frozen with its course.

create table question_banks (
    org_id uuid not null references organizations,
    id uuid not null,
    name text not null check (length(name) between 1 and 200),
    description text not null default '' check (length(description) <= 2000),
    version integer not null default 1,
    created_at timestamptz not null default now(),
    archived_at timestamptz,
    primary key (org_id, id)
);
create index question_banks_by_name on question_banks (org_id, name, id);
call classify('question_banks', 'key', 'org_id', 'id');
call classify('question_banks', 'content', 'name', 'description', 'version', 'created_at', 'archived_at');
call isolate_by_org('question_banks');
call remove_with_org('question_banks');
grant select, insert, update on question_banks to lyceum_app;

create table bank_questions (
    org_id uuid not null,
    id uuid not null,
    bank_id uuid not null,
    -- The newest of its versions.
    number integer not null default 1 check (number >= 1),
    tags text[] not null default '{}' check (cardinality(tags) <= 20),
    created_at timestamptz not null default now(),
    retired_at timestamptz,
    primary key (org_id, id),
    foreign key (org_id, bank_id) references question_banks
);
create index bank_questions_of_bank on bank_questions (org_id, bank_id, id);
call classify('bank_questions', 'key', 'org_id', 'id', 'bank_id');
call classify('bank_questions', 'content', 'number', 'tags', 'created_at', 'retired_at');
call isolate_by_org('bank_questions');
call remove_with_org('bank_questions');
grant select, insert, update on bank_questions to lyceum_app;

create table bank_question_versions (
    org_id uuid not null,
    question_id uuid not null,
    number integer not null check (number >= 1),
    prompt jsonb not null,
    answer_key jsonb not null,
    created_by uuid not null,
    created_at timestamptz not null default now(),
    primary key (org_id, question_id, number),
    foreign key (org_id, question_id) references bank_questions,
    foreign key (org_id, created_by) references memberships
);
call classify('bank_question_versions', 'key', 'org_id', 'question_id', 'created_by');
call classify('bank_question_versions', 'content', 'number', 'prompt', 'answer_key', 'created_at');
call isolate_by_org('bank_question_versions');
call remove_with_org('bank_question_versions');
grant select, insert on bank_question_versions to lyceum_app;

-- What a quiz draws in each attempt, beside its own questions.
alter table draft_units add column pools jsonb;
call classify('draft_units', 'content', 'pools');

create policy granting on roles to lyceum_owner using (true);
update roles set grants = grants || '{"questions.manage": ["all"]}' where is_built_in and slug in ('owner', 'admin', 'author');
drop policy granting on roles;
