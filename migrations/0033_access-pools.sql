-- The access pools of a facility, the hours of each in every period, and the chips that are allocated in them.

create table pool_facilities (
  id uuid primary key,
  operator_partner_id uuid,
  host_state_partner_id uuid,
  operations_started_on date,
  ownership_transferred_on date
);

create table access_pools (
  id uuid primary key,
  created_position bigint not null,
  facility_id uuid not null,
  owner text collate "C" not null,
  partner_id uuid,
  basis text collate "C" not null
);
create index access_pools_facility on access_pools (facility_id, created_position);

-- Unit-hours of a pool in a period: whole ones, as the events state them.
create table pool_accounts (
  id text primary key collate "C",
  pool_id uuid not null,
  period_from timestamptz(3) not null,
  period_to timestamptz(3) not null,
  unit text collate "C",
  contribution_minor numeric,
  entitled bigint not null,
  donated_in bigint not null,
  donated_out bigint not null,
  residual bigint not null
);
create index pool_accounts_pool on pool_accounts (pool_id, period_from);

-- Like capacity_changes: the sum up to an instant is what is in use then, in thousandths of a unit.
create table pool_changes (
  id text primary key collate "C",
  pool_id uuid not null,
  changes_at timestamptz(3) not null,
  thousandths_delta numeric not null
);
create index pool_changes_pool on pool_changes (pool_id, changes_at);
