-- The ledger itself: the ordered events, what was answered to every command, and the content that stays out of the log.

create table ledger_head (
  singleton boolean primary key default true check (singleton),
  position bigint not null,
  recorded_at timestamptz(3) not null
);
comment on table ledger_head is
  'One row. Its lock hands out dense positions in commit order, so that no reader can overtake a slow transaction.';
insert into ledger_head (position, recorded_at) values (0, '1970-01-01T00:00:00Z');

create table events (
  position bigint primary key,
  stream text collate "C" not null,
  revision integer not null check (revision >= 0),
  id uuid not null,
  type text collate "C" not null,
  recorded_at timestamptz(3) not null,
  envelope text not null
);
comment on column events.envelope is 'Canonical JSON (RFC 8785): the exact bytes that become the leaf of the public log.';
create unique index events_stream_revision on events (stream, revision);
create unique index events_id on events (id);

create table commands (
  command_id uuid primary key,
  fingerprint text not null,
  position bigint not null,
  recorded_at timestamptz(3) not null,
  outcome text not null
);
comment on table commands is 'What was answered to every command, for good: the same key gives the same answer for ever.';

create table subject_keys (
  subject uuid primary key,
  wrapped_key bytea not null
);
create table sealed_contents (
  event_id uuid primary key,
  subject uuid not null references subject_keys (subject) on delete cascade,
  ciphertext bytea not null
);
create index sealed_contents_subject on sealed_contents (subject);

create function refuse_rewriting_history() returns trigger language plpgsql as $$
begin
  raise exception 'History is never rewritten: % on % is refused.', tg_op, tg_table_name;
end
$$;
create trigger events_are_immutable before update or delete or truncate on events
  for each statement execute function refuse_rewriting_history();
create trigger commands_are_immutable before update or delete or truncate on commands
  for each statement execute function refuse_rewriting_history();

-- Appends a batch in one round trip. It is a function because each statement inside sees what was committed before the
-- lock on the head was granted; a single statement with data-modifying CTEs would check against an older snapshot.
--
-- Returns one row: `first_position` is set when the batch was written. Otherwise nothing was written, and either the
-- clock of the caller is behind (`head_recorded_at` is later than `stamp`), or streams are stale, or commands were
-- carried out before.
create function append_batch(
  stamp timestamptz,
  expected_streams text[], expected_revisions integer[],
  event_streams text[], event_revisions integer[], event_ids uuid[], event_types text[], event_envelopes text[],
  command_ids uuid[], command_fingerprints text[], command_last_events integer[], command_outcomes text[],
  sealed jsonb,
  out first_position bigint, out head_recorded_at timestamptz, out stale text[], out duplicates uuid[]
) language plpgsql as $$
declare
  head_position bigint;
begin
  select position, recorded_at into strict head_position, head_recorded_at from ledger_head for update;
  if stamp < head_recorded_at then
    return;
  end if;
  select array_agg(x.stream) into stale
    from unnest(expected_streams, expected_revisions) as x (stream, revision)
    where x.revision <> coalesce((select max(e.revision) from events e where e.stream = x.stream), -1);
  select array_agg(c.command_id) into duplicates from commands c where c.command_id = any (command_ids);
  if stale is not null or duplicates is not null then
    return;
  end if;
  insert into events (position, stream, revision, id, type, recorded_at, envelope)
    select head_position + x.ordinal, x.stream, x.revision, x.id, x.type, stamp, x.envelope
    from unnest(event_streams, event_revisions, event_ids, event_types, event_envelopes)
      with ordinality as x (stream, revision, id, type, envelope, ordinal);
  insert into commands (command_id, fingerprint, position, recorded_at, outcome)
    select x.command_id, x.fingerprint, head_position + x.last_event, stamp, x.outcome
    from unnest(command_ids, command_fingerprints, command_last_events, command_outcomes)
      as x (command_id, fingerprint, last_event, outcome);
  if sealed is not null then
    insert into subject_keys (subject, wrapped_key)
      select distinct on (x.subject) x.subject, decode(x."wrappedKey", 'base64')
      from jsonb_to_recordset(sealed) as x (subject uuid, "wrappedKey" text)
      on conflict (subject) do nothing;
    insert into sealed_contents (event_id, subject, ciphertext)
      select x."eventId", x.subject, decode(x.ciphertext, 'base64')
      from jsonb_to_recordset(sealed) as x ("eventId" uuid, subject uuid, ciphertext text);
  end if;
  update ledger_head set position = head_position + cardinality(event_ids), recorded_at = stamp;
  first_position := head_position + 1;
end
$$;
