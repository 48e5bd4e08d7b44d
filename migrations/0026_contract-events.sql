-- Rows and indexes that further reads need. The projections fill the rows from the events: "events" with its version 2, beside the rows
-- that are served, and "api-keys", which is new.

-- Positions by partner, for GET /v1/events?partnerId= and for the stream of events.

create table event_partners (
  id text collate "C" primary key,
  partner_id uuid not null,
  position bigint not null,
  type text collate "C" not null
);
comment on table event_partners is
  'One row for each event and each partner that it concerns, kept off the write path. The id is the position and the partner.';
create index event_partners_partner on event_partners (partner_id, position) include (type);

create table api_keys (
  id uuid primary key,
  created_position bigint not null,
  revision integer not null,
  name text not null,
  roles jsonb not null,
  partner_id uuid,
  issued_at timestamptz(3) not null,
  expires_at timestamptz(3),
  revoked_at timestamptz(3)
);
comment on table api_keys is 'Who holds which key. The hashes of the keys are in the events alone.';
create unique index api_keys_created on api_keys (created_position);
create index api_keys_partner on api_keys (partner_id, created_position) where partner_id is not null;

-- Capital calls are listed by themselves, in the order in which they were issued, and the open ones by the day on which they are due.
create unique index capital_calls_created on capital_calls (created_position);
create index capital_calls_open on capital_calls (due_on, created_position) where paid_minor < amount_minor;

-- Requests and grants are the longest lists that are read by days.
create index access_requests_submitted on access_requests (submitted_at);
create index access_requests_decided on access_requests (decided_at) where granted_position is not null;
