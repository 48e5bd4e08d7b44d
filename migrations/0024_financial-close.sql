-- The day of the financial close and where its evidence is kept. Null for rows of the version before, which knows neither:
-- version 2 of the projection "capital" rebuilds all rows with both.
alter table funds
  add column reached_on date,
  add column evidence_ref text;
