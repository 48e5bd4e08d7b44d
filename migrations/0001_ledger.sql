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

create table content_keys (
  event_id uuid primary key,
  subject uuid not null,
  wrapped_key bytea not null
);
comment on table content_keys is
  'Every content has a key of its own, encrypted under the wrapping key. A subject is erased by deleting its keys.';
create index content_keys_subject on content_keys (subject);
create table sealed_contents (
  event_id uuid primary key references content_keys on delete cascade,
  ciphertext bytea not null
);

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
-- The events are stamped here, under that lock: with the caller's clock, or with the last stamp if the caller's clock is
-- behind it. So `recordedAt` never goes back along positions, however much the clocks of the instances differ or jump, and
-- is right again as soon as the clocks are. The envelope is the text before the stamp, the stamp, and the text after it.
--
-- Returns one row: `first_position` and `stamped_at` are set when the batch was written. Otherwise nothing was written,
-- because streams are stale or commands were carried out before, and all of both are named.
create function append_batch(
  stamp timestamptz,
  expected_streams text[], expected_revisions integer[],
  event_streams text[], event_revisions integer[], event_ids uuid[], event_types text[],
  texts_before_stamp text[], texts_after_stamp text[],
  command_ids uuid[], command_fingerprints text[], command_last_events integer[], command_outcomes text[],
  sealed jsonb,
  out first_position bigint, out stamped_at timestamptz, out stale text[], out duplicates uuid[]
) language plpgsql as $$
declare
  head ledger_head;
  stamp_text text;
begin
  select * into strict head from ledger_head for update;
  select array_agg(x.stream) into stale
    from unnest(expected_streams, expected_revisions) as x (stream, revision)
    where x.revision <> coalesce((select max(e.revision) from events e where e.stream = x.stream), -1);
  select array_agg(c.command_id) into duplicates from commands c where c.command_id = any (command_ids);
  if stale is not null or duplicates is not null then
    return;
  end if;
  stamped_at := greatest(stamp, head.recorded_at);
  -- Milliseconds only where there are any: the one canonical text of an instant.
  stamp_text := replace(to_char(stamped_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), '.000Z', 'Z');
  insert into events (position, stream, revision, id, type, recorded_at, envelope)
    select head.position + x.ordinal, x.stream, x.revision, x.id, x.type, stamped_at, x.before || stamp_text || x.after
    from unnest(event_streams, event_revisions, event_ids, event_types, texts_before_stamp, texts_after_stamp)
      with ordinality as x (stream, revision, id, type, before, after, ordinal);
  insert into commands (command_id, fingerprint, position, recorded_at, outcome)
    select x.command_id, x.fingerprint, head.position + x.last_event, stamped_at, x.outcome
    from unnest(command_ids, command_fingerprints, command_last_events, command_outcomes)
      as x (command_id, fingerprint, last_event, outcome);
  if sealed is not null then
    insert into content_keys (event_id, subject, wrapped_key)
      select x."eventId", x.subject, decode(x."wrappedKey", 'base64')
      from jsonb_to_recordset(sealed) as x ("eventId" uuid, subject uuid, "wrappedKey" text);
    insert into sealed_contents (event_id, ciphertext)
      select x."eventId", decode(x.ciphertext, 'base64')
      from jsonb_to_recordset(sealed) as x ("eventId" uuid, ciphertext text);
  end if;
  update ledger_head set position = head.position + cardinality(event_ids), recorded_at = stamped_at;
  first_position := head.position + 1;
end
$$;
