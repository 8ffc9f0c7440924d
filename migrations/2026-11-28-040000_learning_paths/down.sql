drop table path_enrollments;
drop table path_courses;
drop table learning_paths;
