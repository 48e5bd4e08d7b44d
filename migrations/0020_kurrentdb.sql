-- A database whose events are the sequenced copy of a log on KurrentDB. It is one as long as `sequenced` has its row.

create table sequenced (
  singleton boolean primary key default true check (singleton),
  ledger text not null,
  turn bigint not null check (turn >= -1),
  batch uuid,
  commit_position bigint,
  prepare_position bigint,
  check ((turn = -1) = (batch is null) and (turn = -1) = (commit_position is null) and (turn = -1) = (prepare_position is null))
);
comment on table sequenced is
  'How far the log on KurrentDB has been copied: its batches are numbered by the stream of turns, without gaps. Whoever moves '
  'it names where it stood, so that of two sequencers one writes. Without a row the events of this database are its own.';

create table sequenced_batches (
  batch uuid primary key,
  turn bigint not null,
  first_position bigint not null,
  recorded_at timestamptz(3) not null
);
comment on table sequenced_batches is 'The latest batches, for those who wait for theirs.';
create index sequenced_batches_turn on sequenced_batches (turn);

create table staged_contents (
  batch uuid not null,
  event_id uuid not null,
  subject uuid not null,
  wrapped_key bytea not null,
  ciphertext bytea not null,
  staged_at timestamptz not null default now(),
  primary key (batch, event_id)
);
comment on table staged_contents is
  'Sealed content of batches on their way to KurrentDB: durable before they are, in place when they are sequenced.';
create index staged_contents_event on staged_contents (event_id);

-- Only the sequencer adds to a copy: what anybody else wrote there would be in no log, and everything after it elsewhere.
create function refuse_writing_beside_sequencer() returns trigger language plpgsql as $$
begin
  if current_setting('ledger.sequencing', true) is distinct from 'on' and exists (select from sequenced) then
    raise exception 'This database is the copy of a ledger on KurrentDB: set EVENT_STORE_URL, or bring it back with "ppp-ledger copy".'
      using errcode = 'object_not_in_prerequisite_state';
  end if;
  return null;
end
$$;
create trigger head_of_a_copy before update on ledger_head
  for each statement execute function refuse_writing_beside_sequencer();

-- Writes batches, whole and stamped, and moves the copy on: all in one commit, and only from where the caller saw it stand.
-- Returns false, having written nothing, when it stands elsewhere: another sequencer is at work.
create function sequence_batches(
  from_turn bigint, to_turn bigint, to_commit bigint, to_prepare bigint, from_position bigint,
  batch_ids uuid[], batch_first_positions bigint[], batch_stamps timestamptz[],
  event_streams text[], event_revisions integer[], event_ids uuid[], event_types text[], event_stamps timestamptz[],
  envelopes text[],
  command_ids uuid[], command_fingerprints text[], command_positions bigint[], command_stamps timestamptz[],
  command_outcomes text[]
) returns boolean language plpgsql as $$
begin
  perform set_config('ledger.sequencing', 'on', true);
  update sequenced
    set turn = to_turn, batch = batch_ids[cardinality(batch_ids)], commit_position = to_commit, prepare_position = to_prepare
    where turn = from_turn;
  if not found then
    return false;
  end if;
  update ledger_head
    set position = from_position + cardinality(event_ids), recorded_at = batch_stamps[cardinality(batch_stamps)]
    where position = from_position;
  if not found then
    raise exception 'The copy does not end at position %.', from_position;
  end if;
  insert into events (position, stream, revision, id, type, recorded_at, envelope)
    select from_position + x.ordinal, x.stream, x.revision, x.id, x.type, x.recorded_at, x.envelope
    from unnest(event_streams, event_revisions, event_ids, event_types, event_stamps, envelopes)
      with ordinality as x (stream, revision, id, type, recorded_at, envelope, ordinal);
  insert into commands (command_id, fingerprint, position, recorded_at, outcome)
    select * from unnest(command_ids, command_fingerprints, command_positions, command_stamps, command_outcomes);
  -- Contents are there already where a lost copy is made again.
  insert into content_keys (event_id, subject, wrapped_key)
    select event_id, subject, wrapped_key from staged_contents where batch = any (batch_ids)
    on conflict do nothing;
  insert into sealed_contents (event_id, ciphertext)
    select event_id, ciphertext from staged_contents where batch = any (batch_ids)
    on conflict do nothing;
  -- With those of attempts that lost: a content that is erased later must not survive in one of them.
  delete from staged_contents where event_id = any (event_ids);
  insert into sequenced_batches (batch, turn, first_position, recorded_at)
    select x.id, from_turn + x.ordinal, x.first_position, x.recorded_at
    from unnest(batch_ids, batch_first_positions, batch_stamps) with ordinality as x (id, first_position, recorded_at, ordinal);
  delete from sequenced_batches where turn <= to_turn - 10000;
  return true;
end
$$;
