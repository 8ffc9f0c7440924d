alter table organizations
    drop constraint organizations_locale_check,
    add constraint organizations_locale_check check (locale ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$') not valid;
alter table courses drop column translations, drop column published_language;
drop table draft_translations;
