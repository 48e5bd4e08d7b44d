-- Positions by partner, for GET /v1/events?partnerId= and for the stream of events. The projection "events" fills the table when its
-- version 2 is built from the events, beside the rows that are served.

create table event_partners (
  id text collate "C" primary key,
  partner_id uuid not null,
  position bigint not null,
  type text collate "C" not null
);
comment on table event_partners is
  'One row for each event and each partner that it concerns, kept off the write path. The id is the position and the partner.';
create index event_partners_partner on event_partners (partner_id, position) include (type);
