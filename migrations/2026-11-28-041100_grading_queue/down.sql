drop index attempts_to_grade_of_org;
