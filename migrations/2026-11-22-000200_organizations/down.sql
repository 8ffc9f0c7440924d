drop table invitations;
drop table group_members;
drop table groups;
drop table memberships;
drop function keep_an_owner;
drop table roles;
drop table organizations;
