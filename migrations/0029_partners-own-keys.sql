-- What partners do by their own keys: when the operator accepted a pledge, and how many requests and pledges of a partner are open.

-- No older commitment was accepted, so the rows need no rebuild.
alter table commitments add column accepted_on date;

create index access_requests_open on access_requests (partner_id) where status = 'submitted';
create index commitments_open on commitments (partner_id) where status = 'pledged';
