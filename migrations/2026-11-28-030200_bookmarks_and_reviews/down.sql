drop table course_reviews;
drop table bookmarks;
