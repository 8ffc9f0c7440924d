drop function door.forget_member_exports();
revoke delete on account_links from lyceum_app;
alter table certificates no force row level security;
update certificates set holder_name = '' where holder_name is null;
alter table certificates force row level security;
alter table certificates alter column holder_name set not null;
drop table member_exports;
