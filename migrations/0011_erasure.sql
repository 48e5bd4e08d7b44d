-- Personal data that was erased: what the worker deletes, again and again if need be, and since when reads say so.

create table erased_contents (
  id uuid primary key,
  subject uuid not null,
  erased_at timestamptz(3) not null
);
comment on table erased_contents is
  'One row an event whose sealed content was erased. Key and content are deleted wherever this table says so: at once, after a '
  'crash, and in a database that was restored from a backup.';

alter table access_requests add column erased_at timestamptz(3);
