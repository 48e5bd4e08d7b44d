-- How far every projection has followed the log. A projection's rows and its position change in one transaction.

create table projections (
  name text primary key,
  version integer not null,
  position bigint not null default 0,
  building boolean not null default false,
  failure text
);
comment on column projections.building is
  'True for rows that are being built beside the served ones, under the name of the projection and its new version.';
comment on column projections.failure is
  'Why the projection does not go on, set by the instance that leads, for all of them to show; null while it does.';

create table event_types (
  id bigint primary key,
  type text collate "C" not null
);
comment on table event_types is 'Positions by type of event, kept off the write path. The id is the position.';
create index event_types_type on event_types (type, id);
