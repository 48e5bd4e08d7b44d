-- A stamp cannot be taken back: one machine whose clock is ahead once would stamp every later event with its time. So a batch is stamped
-- only while the clocks are near each other.

-- Compares the clock of the caller, the clock of this server and the last stamp. `fault` is null if a batch may be stamped:
-- 'clock-ahead' if the caller is further ahead of both others than `ahead_max`, 'history-ahead' if the last stamp is, and is not one that
-- the operator accepts. Without `ahead_max` there is no fault.
create function clock_fault(
  stamp timestamptz, last_stamp timestamptz, ahead_max interval, accepted_stamp timestamptz,
  out fault text, out database_clock timestamptz
) language plpgsql as $$
begin
  database_clock := clock_timestamp();
  if stamp > greatest(database_clock, last_stamp) + ahead_max then
    fault := 'clock-ahead';
  elsif last_stamp > greatest(database_clock, stamp) + ahead_max
    and last_stamp > coalesce(accepted_stamp, '-infinity') then
    fault := 'history-ahead';
  end if;
end
$$;

-- `append_batch`, unless the clocks forbid a stamp: then nothing is written, and `fault`, `database_clock` and `last_stamp` say why. A
-- command that was executed before is named all the same, because its answer needs no stamp. `append_batch` stays for instances of
-- the earlier program.
create function append_batch_in_time(
  stamp timestamptz, ahead_max interval, accepted_stamp timestamptz,
  expected_streams text[], expected_revisions integer[],
  event_streams text[], event_revisions integer[], event_ids uuid[], event_types text[],
  texts_before_stamp text[], texts_after_stamp text[],
  command_ids uuid[], command_fingerprints text[], command_last_events integer[], command_outcomes text[],
  sealed jsonb,
  out first_position bigint, out stamped_at timestamptz, out stale text[], out duplicates uuid[],
  out fault text, out database_clock timestamptz, out last_stamp timestamptz
) language plpgsql as $$
begin
  select head.recorded_at into strict last_stamp from ledger_head head for update;
  select clocks.fault, clocks.database_clock into fault, database_clock
    from clock_fault(stamp, last_stamp, ahead_max, accepted_stamp) clocks;
  if fault is not null then
    select array_agg(c.command_id) into duplicates from commands c where c.command_id = any (command_ids);
    if duplicates is not null then
      fault := null;
    end if;
    return;
  end if;
  select batch.first_position, batch.stamped_at, batch.stale, batch.duplicates
    into first_position, stamped_at, stale, duplicates
    from append_batch(
      stamp, expected_streams, expected_revisions, event_streams, event_revisions, event_ids, event_types,
      texts_before_stamp, texts_after_stamp, command_ids, command_fingerprints, command_last_events, command_outcomes, sealed
    ) batch;
end
$$;
