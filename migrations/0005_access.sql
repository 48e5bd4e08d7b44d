-- Rows of calls for access, of requests (which become grants) and of the use of allocations, derived from their events.

create table access_facilities (
  id uuid primary key,
  operator_partner_id uuid
);
comment on table access_facilities is
  'Who operates a facility: copied into the rows below, so that an operator sees what concerns its own facilities.';

create table access_calls (
  id uuid primary key,
  created_position bigint not null,
  revision integer not null,
  facility_id uuid not null,
  mode text collate "C" not null,
  title text not null,
  opens_at timestamptz(3) not null,
  closes_at timestamptz(3) not null,
  chip_hours bigint not null
);
create unique index access_calls_created on access_calls (created_position);
create index access_calls_facility on access_calls (facility_id, created_position);

create table access_requests (
  id uuid primary key,
  created_position bigint not null,
  revision integer not null,
  call_id uuid not null,
  facility_id uuid not null,
  operator_partner_id uuid,
  mode text collate "C" not null,
  partner_id uuid not null,
  ultimate_parent_id uuid not null,
  category text collate "C" not null,
  country text collate "C" not null,
  sector text not null,
  chip_hours_requested bigint not null,
  illustrative boolean not null,
  status text collate "C" not null,
  eligibility text collate "C" not null,
  submitted_at timestamptz(3) not null,
  checked_at timestamptz(3),
  eligibility_reason_codes jsonb not null,
  withdrawn_at timestamptz(3),
  withdrawal_reason text,
  decided_at timestamptz(3),
  reason_codes jsonb not null,
  granted_position bigint,
  chip_hours_granted bigint,
  price_basis text collate "C",
  valid_from timestamptz(3),
  valid_to timestamptz(3),
  revoked_at timestamptz(3),
  revocation_reason_codes jsonb not null,
  submission_event_id uuid not null,
  sealed jsonb
);
comment on column access_requests.granted_position is
  'Position of the grant, null without one: grants are listed in the order in which they were given.';
comment on column access_requests.sealed is
  'Commitment to purpose and contact, as the event has it; the content is encrypted elsewhere and can be erased.';
create unique index access_requests_created on access_requests (created_position);
create unique index access_requests_granted on access_requests (granted_position) where granted_position is not null;
create index access_requests_call on access_requests (call_id, created_position);
create index access_requests_partner on access_requests (partner_id, created_position);
create index access_requests_operator on access_requests (operator_partner_id, created_position)
  where operator_partner_id is not null;
create index access_requests_status on access_requests (status, created_position);
create index access_requests_category on access_requests (category, created_position);

create table allocation_usage (
  id uuid primary key,
  created_position bigint not null,
  facility_id uuid not null,
  operator_partner_id uuid,
  grant_id uuid not null,
  partner_id uuid not null,
  category text collate "C" not null,
  country text collate "C" not null,
  mode text collate "C" not null,
  chip_model text collate "C" not null,
  chips integer not null,
  allocated_from timestamptz(3) not null,
  allocated_to timestamptz(3) not null,
  chip_hours_used numeric(38,0) not null,
  records integer not null,
  records_flagged integer not null,
  used_from timestamptz(3),
  used_to timestamptz(3)
);
comment on table allocation_usage is
  'One row an allocation, from its making on: also how a report of usage finds the facility of an allocation.';
create unique index allocation_usage_created on allocation_usage (created_position);
create index allocation_usage_facility on allocation_usage (facility_id, created_position);
create index allocation_usage_grant on allocation_usage (grant_id, created_position);
create index allocation_usage_partner on allocation_usage (partner_id, created_position);
create index allocation_usage_operator on allocation_usage (operator_partner_id, created_position)
  where operator_partner_id is not null;
