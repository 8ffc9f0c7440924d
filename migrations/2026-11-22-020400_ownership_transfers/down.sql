drop table ownership_transfers;
alter table roles disable trigger keep_built_in, no force row level security;
update roles set grants = grants - 'ownership.transfer';
alter table roles enable trigger keep_built_in, force row level security;
