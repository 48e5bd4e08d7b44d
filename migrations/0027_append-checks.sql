-- What the database may do alone is small. Every batch carries a check value that only the service can make, and the log is signed over
-- checked batches only. A role of its own runs the service: it appends through one function, and rewrites nothing.

alter table ledger_head
  add column batch bigint not null default 0,
  add column check_value bytea,
  add column append_key bytea;
comment on column ledger_head.batch is 'Number of the last batch with a check value; 0 before the first.';
comment on column ledger_head.check_value is 'Check value of that batch: the next one continues it.';
comment on column ledger_head.append_key is 'Identifies the key of the check values without showing it; null before the first.';

create table batch_checks (
  batch bigint primary key,
  kind text collate "C" not null check (kind in ('appended', 'accepted')),
  first_position bigint not null,
  event_count integer not null check (event_count >= 0),
  recorded_at timestamptz(3) not null,
  command_ids uuid[] not null,
  check_value bytea not null check (octet_length(check_value) = 32)
);
comment on table batch_checks is
  'One row a batch: HMAC-SHA256, under a key that is kept outside the database, of the value before it, of the positions, and of the '
  'exact events and answers. Rows of the kind accepted cover events that came in another way, e.g. by an import.';
create index batch_checks_first on batch_checks (first_position);
create trigger batch_checks_are_immutable before update or delete or truncate on batch_checks
  for each statement execute function refuse_rewriting_history();

-- Functions that work with the rights of the owner resolve names in the schema of the ledger, and never in temporary tables of the caller.
select set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);

-- Appends a batch that its caller has placed: its check value covers the positions, the stamp and the batch before it. So it is written
-- only if the head is the one that the caller names; `first_position` is null otherwise, and the head is returned. Everything else is as
-- in `append_batch_in_time`. Events come as the exact texts that are stored. A batch without commands only compares the revisions.
create function append_checked(
  stamp timestamptz, ahead_max interval, accepted_stamp timestamptz,
  expected_streams text[], expected_revisions integer[],
  event_streams text[], event_revisions integer[], event_ids uuid[], event_types text[], envelopes text[],
  command_ids uuid[], command_fingerprints text[], command_last_events integer[], command_outcomes text[],
  sealed jsonb,
  from_batch bigint, from_check_value bytea, from_position bigint, recorded_at timestamptz, by_key bytea, new_check_value bytea,
  out first_position bigint, out stale text[], out duplicates uuid[], out fault text, out database_clock timestamptz,
  out head ledger_head
) language plpgsql security definer set search_path from current as $$
begin
  select h.* into strict head from ledger_head h for update;
  select clocks.fault, clocks.database_clock into fault, database_clock
    from clock_fault(stamp, head.recorded_at, ahead_max, accepted_stamp) clocks;
  select array_agg(c.command_id) into duplicates from commands c where c.command_id = any (command_ids);
  if fault is not null then
    if duplicates is not null then
      fault := null;
    end if;
    return;
  end if;
  select array_agg(x.stream) into stale
    from unnest(expected_streams, expected_revisions) as x (stream, revision)
    where x.revision <> coalesce((select max(e.revision) from events e where e.stream = x.stream), -1);
  if stale is not null or duplicates is not null then
    return;
  end if;
  if cardinality(command_ids) = 0 then
    first_position := head.position + 1;
    return;
  end if;
  if head.append_key is not null and head.append_key <> by_key then
    fault := 'other-key';
    return;
  end if;
  if head.batch <> from_batch or head.check_value is distinct from from_check_value or head.position <> from_position
    or append_checked.recorded_at <> greatest(stamp, head.recorded_at) then
    return;
  end if;
  insert into events (position, stream, revision, id, type, recorded_at, envelope)
    select head.position + x.ordinal, x.stream, x.revision, x.id, x.type, append_checked.recorded_at, x.envelope
    from unnest(event_streams, event_revisions, event_ids, event_types, envelopes)
      with ordinality as x (stream, revision, id, type, envelope, ordinal);
  insert into commands (command_id, fingerprint, position, recorded_at, outcome)
    select x.command_id, x.fingerprint, head.position + x.last_event, append_checked.recorded_at, x.outcome
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
  insert into batch_checks (batch, kind, first_position, event_count, recorded_at, command_ids, check_value)
    values (head.batch + 1, 'appended', head.position + 1, cardinality(event_ids), append_checked.recorded_at, command_ids,
      new_check_value);
  update ledger_head set position = head.position + cardinality(event_ids), recorded_at = append_checked.recorded_at,
    batch = head.batch + 1, check_value = new_check_value, append_key = by_key;
  first_position := head.position + 1;
end
$$;

-- Locks the head for a caller who was overtaken: it places its batch again, and nobody can overtake it twice. `known_value` is the value
-- that `known_batch` has in the database now.
create function lock_head(known_batch bigint, out head ledger_head, out known_value bytea)
language plpgsql security definer set search_path from current as $$
begin
  select h.* into strict head from ledger_head h for update;
  select c.check_value into known_value from batch_checks c where c.batch = known_batch;
end
$$;

-- Writes the check values of batches that the sequencer has just copied from KurrentDB.
create function check_sequenced(
  from_batch bigint, first_positions bigint[], event_counts integer[], stamps timestamptz[], ids_of_commands jsonb,
  check_values bytea[], by_key bytea
) returns void language plpgsql security definer set search_path from current as $$
begin
  if current_setting('ledger.sequencing', true) is distinct from 'on' then
    raise exception 'Only the sequencer copies batches.' using errcode = 'object_not_in_prerequisite_state';
  end if;
  update ledger_head set batch = from_batch + cardinality(check_values), check_value = check_values[cardinality(check_values)],
    append_key = by_key
    where batch = from_batch and (append_key is null or append_key = by_key);
  if not found then
    raise exception 'The check values of this copy were made with another key, or by another sequencer.';
  end if;
  insert into batch_checks (batch, kind, first_position, event_count, recorded_at, command_ids, check_value)
    select from_batch + x.ordinal, 'appended', x.first_position, x.event_count, x.recorded_at,
      array(select jsonb_array_elements_text(ids_of_commands -> (x.ordinal - 1)::integer)::uuid), x.check_value
    from unnest(first_positions, event_counts, stamps, check_values) with ordinality
      as x (first_position, event_count, recorded_at, check_value, ordinal);
end
$$;

-- A role that does not own the tables cannot make tables either. These two let it rebuild a view beside the one that is served, and
-- exchange both. The history and the log are no views.
create function is_view(name text) returns boolean language sql stable set search_path from current as $$
  select to_regclass(quote_ident(name)) is not null and name <> all (array[
    'schema_migrations', 'ledger_head', 'events', 'commands', 'content_keys', 'sealed_contents', 'batch_checks',
    'log_head', 'log_checkpoints', 'log_tiles', 'log_witnesses', 'log_cosignatures', 'log_round', 'report_texts', 'report_text_parts',
    'report_states', 'projections', 'projection_comparisons', 'sequenced', 'sequenced_batches', 'staged_contents'])
$$;

create function start_building_view(name text) returns void language plpgsql security definer set search_path from current as $$
declare
  held record;
begin
  if is_view(name) is not true then
    raise exception '% is no view.', name using errcode = 'insufficient_privilege';
  end if;
  execute format('drop table if exists %I', name || '__building');
  execute format('create table %I (like %I including all)', name || '__building', name);
  for held in
    select pg_get_userbyid(acl.grantee) as role, acl.privilege_type as privilege
    from pg_class c, aclexplode(c.relacl) acl
    where c.oid = to_regclass(quote_ident(name)) and acl.grantee not in (0, c.relowner)
  loop
    execute format('grant %s on %I to %I', held.privilege, name || '__building', held.role);
  end loop;
end
$$;

create function serve_built_view(name text) returns void language plpgsql security definer set search_path from current as $$
begin
  if is_view(name) is not true or is_view(name || '__building') is not true then
    raise exception '% is no view.', name using errcode = 'insufficient_privilege';
  end if;
  execute format('drop table %I', name);
  execute format('alter table %I rename to %I', name || '__building', name);
end
$$;

-- Gives a role what "ppp-ledger serve" needs, and nothing more. The owner of the tables calls it once; "ppp-ledger migrate" calls it again
-- for the tables of later migrations.
create function allow_service(service name) returns void language plpgsql set search_path from current as $$
declare
  named record;
  rights text;
begin
  execute format('grant usage on schema %I to %I', current_schema(), service);
  for named in
    select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = current_schema() and c.relkind = 'r'
  loop
    rights := case
      when named.name in (
        'schema_migrations', 'ledger_head', 'events', 'commands', 'sealed_contents', 'batch_checks', 'sequenced_batches') then 'select'
      when named.name in ('log_tiles', 'report_texts', 'report_text_parts', 'log_cosignatures') then 'select, insert'
      when named.name = 'log_checkpoints' then 'select, insert, update (witnessed)'
      when named.name in ('log_head', 'log_round') then 'select, update'
      when named.name = 'log_witnesses' then 'select, insert, update'
      when named.name = 'content_keys' then 'select, delete'
      when named.name = 'sequenced' then 'select, insert, update (failure)'
      when named.name = 'staged_contents' then 'select, insert, delete'
      else 'select, insert, update, delete'
    end;
    execute format('revoke all on %I from %I', named.name, service);
    execute format('grant %s on %I to %I', rights, named.name, service);
  end loop;
  execute format('grant execute on function append_checked, lock_head, sequence_batches, check_sequenced, clock_fault, answer_digest, '
    'start_building_view, serve_built_view to %I', service);
end
$$;

-- The earlier program appends through `append_batch` as the owner of the tables. Nobody else does.
revoke execute on function append_batch, append_batch_in_time, sequence_batches, append_checked, lock_head, check_sequenced,
  start_building_view, serve_built_view, allow_service from public;
alter function sequence_batches security definer;
