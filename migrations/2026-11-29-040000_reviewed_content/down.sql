alter table course_drafts drop column review_digest;
