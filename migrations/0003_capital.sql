-- What can be read of funds and commitments, derived from their events. Money is in minor units. numeric(38,0) holds any
-- sum of amounts of 18 digits.

create table funds (
  id uuid primary key,
  created_position bigint not null,
  revision integer not null,
  name text not null,
  status text collate "C" not null,
  currency text collate "C" not null,
  target_minor numeric(38,0) not null,
  closed_at timestamptz(3),
  source text,
  illustrative boolean not null
);
create unique index funds_created on funds (created_position);

create table tranches (
  id uuid primary key,
  created_position bigint not null,
  fund_id uuid not null,
  rank integer not null,
  kind text collate "C" not null,
  cap_minor numeric(38,0) not null,
  pledged_minor numeric(38,0) not null,
  committed_minor numeric(38,0) not null,
  called_minor numeric(38,0) not null,
  paid_minor numeric(38,0) not null,
  distributed_minor numeric(38,0) not null,
  recallable_minor numeric(38,0) not null,
  unfunded_minor numeric(38,0) not null
);
comment on column tranches.pledged_minor is
  'Pledged and neither signed nor withdrawn. All other sums count signed commitments only.';
create unique index tranches_fund_rank on tranches (fund_id, rank);

create table commitments (
  id uuid primary key,
  created_position bigint not null,
  revision integer not null,
  fund_id uuid not null,
  tranche_id uuid not null,
  partner_id uuid not null,
  facility_id uuid,
  kind text collate "C" not null,
  programme text,
  status text collate "C" not null,
  currency text collate "C" not null,
  pledged_minor numeric(38,0) not null,
  committed_minor numeric(38,0) not null,
  called_minor numeric(38,0) not null,
  paid_minor numeric(38,0) not null,
  distributed_minor numeric(38,0) not null,
  recallable_minor numeric(38,0) not null,
  unfunded_minor numeric(38,0) not null,
  signed_on date,
  source text,
  illustrative boolean not null
);
comment on column commitments.pledged_minor is 'As first pledged; it never changes.';
create unique index commitments_created on commitments (created_position);
create index commitments_fund on commitments (fund_id, created_position);
create index commitments_partner on commitments (partner_id, created_position);
create index commitments_facility on commitments (facility_id, created_position) where facility_id is not null;
create index commitments_status on commitments (status, created_position);

create table capital_calls (
  id uuid primary key,
  created_position bigint not null,
  commitment_id uuid not null,
  amount_minor numeric(38,0) not null,
  paid_minor numeric(38,0) not null,
  issued_on date not null,
  due_on date not null
);
create index capital_calls_commitment on capital_calls (commitment_id, created_position);
