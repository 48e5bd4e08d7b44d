alter table sequenced add column failure text;
comment on column sequenced.failure is
  'Why the log on KurrentDB cannot be copied any further, for every instance to show; null as long as it can.';
