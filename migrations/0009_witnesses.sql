-- What witnesses say about the log: their cosignatures on its checkpoints, how far each of them is, and which checkpoint
-- is being shown to them.

create table log_witnesses (
  witness text collate "C" primary key,
  size bigint not null default 0,
  state text not null default 'ok' check (state in ('ok', 'down', 'refusing', 'fork')),
  failures integer not null default 0,
  failure text,
  claimed_until timestamptz not null default now()
);
comment on table log_witnesses is 'One row for each witness that a policy has ever named.';
comment on column log_witnesses.witness is
  'Verifier key: it stays the same whatever a policy calls the witness, and another key is another witness.';
comment on column log_witnesses.size is 'Checkpoint that it cosigned last, as far as is known; it tells when asked (409).';
comment on column log_witnesses.failures is 'Submissions in a row that brought no cosignature.';
comment on column log_witnesses.claimed_until is
  'No instance submits to it before: one is at it, or it is left alone for a while after a failure.';

create table log_cosignatures (
  size bigint not null references log_checkpoints,
  witness text collate "C" not null references log_witnesses,
  line text not null,
  primary key (size, witness)
);
comment on column log_cosignatures.line is 'Signature line of a C2SP cosignature/v1 on the checkpoint of that size.';

create table log_round (
  singleton boolean primary key default true check (singleton),
  size bigint not null,
  chosen_at timestamptz not null
);
comment on table log_round is
  'One row: the checkpoint that all witnesses are asked to cosign. Left to take the newest one each, on a busy log they '
  'would all cosign different ones, and none would ever have a quorum.';
insert into log_round (size, chosen_at) values (0, '1970-01-01T00:00:00Z');

-- Decided under a lock on the row, whenever a cosignature comes in, so that finding the newest one does not take a search.
alter table log_checkpoints add column witnessed boolean not null default false;
comment on column log_checkpoints.witnessed is 'Its cosignatures made the quorum of the policy that was in force.';
create index log_checkpoints_witnessed on log_checkpoints (size) where witnessed;
