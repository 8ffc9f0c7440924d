drop table published_texts;
drop function words_of;
