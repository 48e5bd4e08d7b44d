-- Published reports: their exact bytes, for ever, and a row for each to list them.

create table report_texts (
  sha256 bytea primary key check (octet_length(sha256) = 32),
  text_id uuid not null unique,
  byte_count bigint not null
);
comment on table report_texts is
  'Texts under their own hash: a published report, or the index of all streams that it was made from. The event of a '
  'publication names the hash, so that a text which nobody came to name does no harm.';

create table report_text_parts (
  text_id uuid not null,
  part integer not null,
  bytes bytea not null,
  primary key (text_id, part)
);
comment on table report_text_parts is 'In parts, because the index of a long history is longer than a value should be.';

create trigger report_texts_are_immutable before update or delete or truncate on report_texts
  for each statement execute function refuse_rewriting_history();
create trigger report_text_parts_are_immutable before update or delete or truncate on report_text_parts
  for each statement execute function refuse_rewriting_history();

create table published_reports (
  id uuid primary key,
  created_position bigint not null,
  revision integer not null,
  kind text collate "C" not null,
  period_from text collate "C" not null,
  period_to text collate "C" not null,
  interim boolean not null,
  position bigint not null,
  root text collate "C" not null,
  method_version text collate "C" not null,
  byte_count bigint not null,
  sha256 text collate "C" not null,
  stream_count integer not null,
  streams_sha256 text collate "C" not null,
  published_at timestamptz(3) not null,
  corrective_actions jsonb not null
);
comment on column published_reports.created_position is 'Of the publication; the report itself stands at the earlier position.';
create unique index published_reports_created on published_reports (created_position);
create index published_reports_kind on published_reports (kind, created_position);
