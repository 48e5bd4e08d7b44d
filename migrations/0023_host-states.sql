-- A hosting state sees grants, allocations and usage at its sites, as the operator of a facility does. The projections
-- "access" and "compute" fill the columns when their version 2 is built from the events, beside the rows that are served.

alter table access_facilities add column host_state_partner_id uuid;
comment on table access_facilities is
  'Who operates and who hosts a facility: copied into the rows below, so that both see what concerns their own facilities.';
alter table access_requests add column host_state_partner_id uuid;
alter table allocation_usage add column host_state_partner_id uuid;
alter table allocations add column host_state_partner_id uuid;

create index allocations_host_state on allocations (host_state_partner_id, created_position)
  where host_state_partner_id is not null;
create index allocation_usage_host_state on allocation_usage (host_state_partner_id, created_position)
  where host_state_partner_id is not null;

-- Grants are listed in the order of the grants, which the indexes of the requests do not have.
create index access_requests_granted_partner on access_requests (partner_id, granted_position)
  where granted_position is not null;
create index access_requests_granted_operator on access_requests (operator_partner_id, granted_position)
  where granted_position is not null and operator_partner_id is not null;
create index access_requests_granted_host_state on access_requests (host_state_partner_id, granted_position)
  where granted_position is not null and host_state_partner_id is not null;
