-- On what conditions a grant gives access, and how much of a call's budget is granted. The projection "access" fills the columns when its
-- version 3 is built from the events, beside the rows that are served.

alter table access_requests
  add column pool_id uuid,
  add column free_reason text collate "C",
  add column free_evidence_ref text,
  add column funding jsonb,
  add column seal_of_excellence_ref text,
  add column access_use text collate "C",
  add column access_class text collate "C";
comment on column access_requests.funding is 'The Union programme that funds the project: {programme, grantNumber}.';

alter table access_calls add column chip_hours_granted bigint;
comment on column access_calls.chip_hours_granted is
  'Granted less returned. Grants from before the budget of a call was binding do not count in it.';
