alter table course_drafts drop column requires_review, drop column review_state, drop column review_version,
    drop column review_requested_by, drop column review_requested_at, drop column review_decided_by,
    drop column review_decided_at, drop column review_note;
