-- States of the report's fold along the history, so that a report as of any position is near one of them.

create table report_states (
  version text collate "C" not null,
  position bigint not null,
  state text not null,
  primary key (version, position)
);
comment on table report_states is
  'Derived from the events alone: rows may be deleted at any time and are made again. The version is that of method and state.';
