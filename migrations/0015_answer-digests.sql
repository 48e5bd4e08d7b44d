-- What was answered to commands is not part of the public log. A digest of each answer lets "audit verify --database" find
-- one that was changed. It stands against damage, not against somebody who may write here and can make it anew.

create function answer_digest(
  command_id uuid, fingerprint text, "position" bigint, recorded_at timestamptz, outcome text
) returns bytea language sql stable as $$
  -- None of the members but the last can hold a newline.
  select sha256(convert_to(
    concat_ws(
      E'\n', command_id, fingerprint, "position",
      to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), outcome
    ),
    'UTF8'
  ))
$$;

alter table commands add column digest bytea;
-- Rewrites the table instead of its rows: an update of them is refused. Earlier answers are taken as they stand.
alter table commands
  alter column digest type bytea using answer_digest(command_id, fingerprint, "position", recorded_at, outcome);
alter table commands alter column digest set not null;
comment on column commands.digest is 'SHA-256 of the other columns, made when the row is.';

-- A trigger, so that a version which does not know the column can go on serving meanwhile.
create function digest_answer() returns trigger language plpgsql as $$
begin
  new.digest := answer_digest(new.command_id, new.fingerprint, new."position", new.recorded_at, new.outcome);
  return new;
end
$$;
create trigger commands_are_digested before insert on commands for each row execute function digest_answer();
