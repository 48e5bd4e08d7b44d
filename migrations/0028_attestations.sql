-- The service checks its history and its views again and again. What it found is kept here, for all instances and for the next start.

alter table log_head add column hold text;
comment on column log_head.hold is
  'Why nothing is signed: a stored event is not the one that was signed. The next check that finds nothing clears it.';

alter table projections add column different_rows bigint not null default 0;
comment on column projections.different_rows is
  'Served rows that were not what the events give, at the last check. A rebuild clears it, and so does a check that finds none.';

create table history_checks (
  is_only boolean primary key default true check (is_only),
  position bigint not null,
  checked_at timestamptz(3) not null
);
comment on table history_checks is
  'The last check that found nothing: the events up to the position were those that were signed, and the views what these events give.';

create table attestations (
  id uuid primary key,
  created_position bigint not null,
  revision integer not null,
  position bigint not null,
  root text collate "C" not null,
  method_version text collate "C" not null,
  views jsonb not null,
  reports jsonb not null,
  attested_at timestamptz(3) not null
);
comment on column attestations.created_position is 'Of the attestation; what it attests stands at the earlier position.';
create unique index attestations_created on attestations (created_position);
