-- Marks the columns in which people write what they like about themselves and each other. Nobody is asked for health, belief, origin or
-- the like; here they may say it all the same, so whoever reads the register of what is stored is told where.

-- To be called after `classify`, which takes the mark away again.
create procedure mark_free_text(target regclass, variadic columns text[]) language plpgsql as $$
declare class text; name text;
begin
    foreach name in array columns loop
        select col_description(a.attrelid, a.attnum) into strict class from pg_attribute a where a.attrelid = target and a.attname = name;
        execute format('comment on column %s.%I is %L', target, name, class || '; free text');
    end loop;
end $$;

call mark_free_text('accommodations', 'reason');
call mark_free_text('attempt_answers', 'answer', 'feedback', 'criteria');
call mark_free_text('attempt_receipts', 'document', 'grading', 'reason');
call mark_free_text('attempts', 'void_reason');
call mark_free_text('bookmarks', 'note');
call mark_free_text('certificates', 'revocation_reason');
call mark_free_text('course_drafts', 'review_note');
call mark_free_text('course_reviews', 'text', 'hidden_reason');
call mark_free_text('enrollments', 'decline_reason');
call mark_free_text('interests', 'tags');
call mark_free_text('member_exports', 'document');
call mark_free_text('profile_details', 'value');
call mark_free_text('submissions', 'body', 'feedback');
call mark_free_text('support_grants', 'reason');
call mark_free_text('survey_responses', 'answers');
