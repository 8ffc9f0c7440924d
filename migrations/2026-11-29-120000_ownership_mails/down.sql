create policy mending on mails to lyceum_owner using (true);
delete from mails where template in ('ownership_offered', 'ownership_transferred');
drop policy mending on mails;
alter table mails drop constraint mails_template_check, add constraint mails_template_check check (template in
    ('verify_email', 'account_exists', 'reset_password', 'change_email', 'security_notice', 'invitation', 'account_link'));
