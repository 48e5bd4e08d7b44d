-- Rows of partners and of the policies of the governing board.

create table partners (
  id uuid primary key,
  created_position bigint not null,
  revision integer not null,
  legal_name text not null,
  country text not null,
  legal_form text not null,
  partner_kind text not null,
  lei text,
  registered_on date,
  classifications jsonb not null,
  affiliations jsonb not null,
  acquisitions jsonb not null,
  source text,
  illustrative boolean not null
);
create unique index partners_created on partners (created_position);
create index partners_country on partners (country, created_position);

create table policies (
  id text primary key,
  created_position bigint not null,
  policy text not null,
  version integer not null,
  value jsonb not null,
  effective_from timestamptz(3) not null,
  reason text not null,
  recorded_at timestamptz(3) not null
);
create unique index policies_created on policies (created_position);
