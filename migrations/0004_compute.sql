-- What can be read of facilities, their chips over time and their allocations, derived from their events.

create table facilities (
  id uuid primary key,
  created_position bigint not null,
  revision integer not null,
  name text not null,
  country text collate "C" not null,
  kind text collate "C" not null,
  operator_partner_id uuid,
  host_state_partner_id uuid,
  capex_minor numeric(38,0),
  currency text collate "C",
  union_minor numeric(38,0) not null,
  states_minor numeric(38,0) not null,
  source text,
  illustrative boolean not null
);
comment on column facilities.union_minor is
  'Signed by the Union as CAPEX or purchase of access time: what Art. 12b(5) limits to 17 % of the CAPEX.';
create unique index facilities_created on facilities (created_position);
create index facilities_operator on facilities (operator_partner_id, created_position)
  where operator_partner_id is not null;
create index facilities_host_state on facilities (host_state_partner_id, created_position)
  where host_state_partner_id is not null;

create table capacity_changes (
  id text collate "C" primary key,
  facility_id uuid not null,
  chip_model text collate "C" not null,
  changes_at timestamptz(3) not null,
  installed_delta bigint not null,
  allocated_delta bigint not null
);
comment on table capacity_changes is
  'One row an instant at which anything changes, of one chip model; what holds at a time is the sum of the rows up to it.';
create index capacity_changes_at on capacity_changes (facility_id, chip_model, changes_at)
  include (installed_delta, allocated_delta);
create index capacity_changes_installed on capacity_changes (facility_id, chip_model, changes_at)
  include (installed_delta) where installed_delta <> 0;

create table quota_policies (
  id text collate "C" primary key,
  created_position bigint not null,
  facility_id uuid not null,
  chip_model text collate "C" not null,
  version integer not null,
  floors jsonb not null,
  caps jsonb not null,
  effective_from timestamptz(3) not null,
  reason text not null
);
create unique index quota_policies_version on quota_policies (facility_id, chip_model, version);

create table allocations (
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
  starts_at timestamptz(3) not null,
  ends_at timestamptz(3) not null,
  released_at timestamptz(3),
  release_reason text
);
comment on column allocations.ends_at is 'As it is now: moved forward by a release, to starts_at where all of it was released.';
comment on column allocations.operator_partner_id is
  'Of the facility: copied, so that an operator sees what is allocated on its own.';
create unique index allocations_created on allocations (created_position);
create index allocations_facility on allocations (facility_id, created_position);
create index allocations_partner on allocations (partner_id, created_position);
create index allocations_grant on allocations (grant_id, created_position);
create index allocations_operator on allocations (operator_partner_id, created_position)
  where operator_partner_id is not null;
