-- What the enrolments were before was not kept.
select 1;
