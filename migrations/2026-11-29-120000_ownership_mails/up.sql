-- Mails about the ownership of an organisation.
alter table mails drop constraint mails_template_check, add constraint mails_template_check check (template in
    ('verify_email', 'account_exists', 'reset_password', 'change_email', 'security_notice', 'invitation', 'account_link',
    'ownership_offered', 'ownership_transferred'));
