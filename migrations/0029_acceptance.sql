-- The day on which the operator accepted a pledge. No older commitment has one, so the rows need no rebuild.

alter table commitments add column accepted_on date;
