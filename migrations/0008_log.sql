-- The public transparency log, built from the ordered events by whoever holds the lock on its head.

create table log_head (
  singleton boolean primary key default true check (singleton),
  size bigint not null,
  root bytea,
  -- The last signed checkpoint (C2SP signed note); null before the first.
  note text
);
comment on table log_head is
  'One row. Its lock fences the writers, and a checkpoint is signed under it: two instances can never sign two histories.';
insert into log_head (size) values (0);

create table log_checkpoints (
  size bigint primary key,
  root bytea not null,
  note text not null
);
comment on table log_checkpoints is 'Every checkpoint that was ever signed.';

create table log_tiles (
  level smallint not null,
  index bigint not null,
  width smallint not null,
  bytes bytea not null,
  primary key (level, index, width)
);
comment on table log_tiles is 'Hash tiles (C2SP tlog-tiles). Immutable; entry bundles are cut from the events themselves.';
