drop function door.linked_account(uuid, text, text);
revoke select (email_verified_at) on users from lyceum_door;
delete from mails where template = 'account_link';
alter table mails drop constraint mails_template_check, add constraint mails_template_check check (template in
    ('verify_email', 'account_exists', 'reset_password', 'change_email', 'security_notice', 'invitation'));
drop table account_links;
