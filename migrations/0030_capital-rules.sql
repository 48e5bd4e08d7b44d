-- What a fund is for, what is given in kind, and what a partner asks to take away after financial close.

-- No older event states any of it, so the rows need no rebuild.
alter table funds add column finances_gigafactories boolean not null default true;
alter table commitments
  add column describes text,
  add column decrease_request jsonb;
