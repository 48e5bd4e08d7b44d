-- The submissions of Art. 12b(17)(l): one row a facility, with all that it has submitted.

create table yearly_submissions (
  id uuid primary key,
  created_position bigint not null,
  revision integer not null,
  name text collate "C" not null,
  kind text collate "C" not null,
  operations_started_on date,
  submissions jsonb not null
);
create unique index yearly_submissions_created on yearly_submissions (created_position);
