-- What a draft goes through before it is published: somebody hands it in, somebody else decides.

alter table course_drafts
    -- Whether only a draft that was approved as it is can be published.
    add column requires_review boolean not null default false,
    add column review_state text not null default 'none' check (review_state in ('none', 'requested', 'approved', 'changes_requested')),
    -- The draft's version that the review is about: any later edit leaves it behind.
    add column review_version integer,
    add column review_requested_by uuid,
    add column review_requested_at timestamptz,
    add column review_decided_by uuid,
    add column review_decided_at timestamptz,
    add column review_note text check (length(review_note) <= 2000),
    add foreign key (org_id, review_requested_by) references memberships,
    add foreign key (org_id, review_decided_by) references memberships,
    add check ((review_state = 'none') = (review_version is null)),
    add check ((review_state = 'none') = (review_requested_at is null)),
    add check ((review_state in ('approved', 'changes_requested')) = (review_decided_at is not null));
call classify('course_drafts', 'key', 'review_requested_by', 'review_decided_by');
call classify('course_drafts', 'content', 'requires_review', 'review_state', 'review_version', 'review_requested_at', 'review_decided_at', 'review_note');
