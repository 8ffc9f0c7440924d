-- SHA-256 of what would have been published when a draft was handed in for review: a version counts the edits of the draft alone,
-- and what its quizzes draw from is edited elsewhere. What was handed in before this is handed in again.
alter table course_drafts add column review_digest bytea check (length(review_digest) = 32),
    add check (review_digest is null or review_state <> 'none');
call classify('course_drafts', 'content', 'review_digest');
