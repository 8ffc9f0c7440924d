drop table submission_assets;
drop table submissions;
