drop table ownership_transfers;
alter table roles no force row level security;
update roles set grants = grants - 'ownership.transfer';
alter table roles force row level security;
