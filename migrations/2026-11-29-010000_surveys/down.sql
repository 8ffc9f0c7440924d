drop table survey_responses;
drop table survey_participants;
drop table surveys;
