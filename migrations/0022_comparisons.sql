-- What the last comparison of rebuilt rows with the served ones found, by projection.

create table projection_comparisons (
  projection text primary key,
  is_same boolean not null,
  tables jsonb not null
);
comment on table projection_comparisons is
  'Written by the instance that leads, before it serves the rebuilt rows; "ppp-ledger rebuild" deletes it when it begins, and reads it when it ends.';
comment on column projection_comparisons.tables is
  'For each table: its name, and rows and digest of the served and of the rebuilt one.';
