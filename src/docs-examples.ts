import type { Pool } from 'pg';
import type { Examples, ExampleValues } from './http/document/docs-document.js';

const INSTANT = 'YYYY-MM-DD"T"HH24:MI:SS"Z"';
const inDays = (days: number): string => `to_char(now() at time zone 'UTC' + interval '${days} days', 'YYYY-MM-DD')`;
const TODAY = inDays(0);

const FIRST_FACILITY = `select id from facilities where kind = 'ai-gigafactory' order by created_position limit 1`;

/**
 * For an operation of the API, the query for a thing of this ledger to try it on: its columns are the names of parameters and of members
 * of the body. What cannot be undone (the end of a key, an erasure) keeps an id that does not exist. It shows ids and public facts only, which the public events hold as well. Each query is bound by an index or a limit.
 */
const QUERIES: Readonly<Record<string, string>> = {
  'POST /v1/api-keys': `select null as "partnerId"`,
  'POST /v1/partners': `select null as lei`,
  'POST /v1/partners/{id}/classifications': `
    select id, ${TODAY} as "effectiveFrom" from partners where legal_form = 'company' order by created_position limit 1`,
  'POST /v1/partners/{id}/affiliations': `
    select id, lead(id) over (order by created_position) as "otherPartnerId", ${TODAY} as "effectiveFrom"
    from partners where legal_form = 'company' and affiliations = '[]' order by created_position limit 1`,
  'POST /v1/partners/{id}/affiliation-ends': `
    select id, affiliations -> 0 ->> 'otherPartnerId' as "otherPartnerId", ${TODAY} as "effectiveFrom"
    from partners where affiliations <> '[]' order by created_position limit 1`,
  'POST /v1/partners/{id}/acquisitions': `
    select id, lead(id) over (order by created_position) as "acquirerId", ${TODAY} as "effectiveFrom"
    from partners where legal_form = 'company' and acquisitions = '[]' order by created_position limit 1`,
  'GET /v1/partners/{id}': `select id from partners order by created_position limit 1`,
  'POST /v1/funds/{id}/tranches': `
    select f.id, 1 + coalesce((select max(rank) from tranches where fund_id = f.id), 0) as rank, 'senior' as kind
    from funds f order by status <> 'open', created_position limit 1`,
  'POST /v1/funds/{id}/financial-close': `
    select id, ${TODAY} as "reachedOn" from funds order by status <> 'open', created_position limit 1`,
  'GET /v1/funds/{id}': `select id from funds order by created_position limit 1`,
  'POST /v1/commitments': `
    select c.fund_id as "fundId", c.tranche_id as "trancheId", c.partner_id as "partnerId", c.facility_id as "facilityId",
      c.currency, '100000000' as "amountMinor", null as programme, null as describes
    from commitments c join partners p on p.id = c.partner_id
    where p.partner_kind = 'private' order by c.created_position limit 1`,
  'POST /v1/commitments/{id}/acceptance': `
    select id, ${TODAY} as "acceptedOn" from commitments
    where status = 'pledged' and accepted_on is null order by created_position limit 1`,
  'POST /v1/commitments/{id}/signature': `
    select c.id, ${TODAY} as "signedOn" from commitments c join partners p on p.id = c.partner_id
    where c.status = 'pledged' order by p.partner_kind <> 'private', c.created_position limit 1`,
  'POST /v1/commitments/{id}/amendments': `
    select c.id, '-1000000' as "deltaMinor" from commitments c join partners p on p.id = c.partner_id
    where c.status = 'signed' and c.unfunded_minor > 1000000 and p.partner_kind = 'private'
    order by c.created_position limit 1`,
  'POST /v1/commitments/{id}/calls': `
    select id, '1000000' as "amountMinor", ${TODAY} as "issuedOn", ${inDays(60)} as "dueOn"
    from commitments where status = 'signed' and unfunded_minor >= 1000000 and kind <> 'in-kind'
    order by created_position limit 1`,
  'POST /v1/commitments/{id}/calls/{callId}/payments': `
    select commitment_id as id, id as "callId", (amount_minor - paid_minor)::text as "amountMinor", ${TODAY} as "paidOn"
    from capital_calls where paid_minor < amount_minor order by created_position limit 1`,
  'POST /v1/commitments/{id}/distributions': `
    select id, '1000000' as "amountMinor", '0' as "recallableMinor", ${TODAY} as "paidOn"
    from commitments where status = 'signed' and paid_minor > 0 order by created_position limit 1`,
  'POST /v1/commitments/{id}/decrease-requests': `
    select id, '1000000' as "amountMinor" from commitments
    where status = 'signed' and unfunded_minor >= 1000000 order by created_position limit 1`,
  'POST /v1/commitments/{id}/decrease-requests/{requestId}/acceptance': `
    select id, decrease_request ->> 'requestId' as "requestId" from commitments
    where decrease_request is not null order by created_position limit 1`,
  'POST /v1/commitments/{id}/cancellation': `
    select id from commitments where status = 'pledged' order by created_position desc limit 1`,
  'GET /v1/commitments/{id}': `select id from commitments order by created_position limit 1`,
  'POST /v1/access-calls': `
    select id as "facilityId", ${TODAY} || 'T00:00:00Z' as "opensAt", ${inDays(90)} || 'T00:00:00Z' as "closesAt"
    from facilities where kind = 'ai-gigafactory' order by created_position limit 1`,
  'GET /v1/access-calls/{id}': `select id from access_calls order by created_position limit 1`,
  'POST /v1/access-requests': `
    select r.call_id as "callId", r.partner_id as "partnerId", 1000 as "chipHours", null as "effectiveAt"
    from access_requests r join access_calls c on c.id = r.call_id
    where c.opens_at <= now() and c.closes_at > now() order by r.created_position desc limit 1`,
  'POST /v1/access-requests/{id}/withdrawal': `
    select id, null as "effectiveAt" from access_requests where status = 'submitted' order by created_position desc limit 1`,
  'POST /v1/access-requests/{id}/eligibility': `
    select id, null as "effectiveAt" from access_requests where status = 'submitted' and eligibility = 'unchecked'
    order by created_position limit 1`,
  'POST /v1/access-requests/{id}/decision': `
    select id, null as "effectiveAt", null as "poolId", 10 as "chipHours", ${TODAY} || 'T00:00:00Z' as "validFrom",
      to_char((now() at time zone 'UTC')::date + make_interval(months =>
        case mode when 'ai-for-science' then 6 when 'regular' then 12 when 'open-frontier' then 12 else 3 end),
        'YYYY-MM-DD') || 'T00:00:00Z' as "validTo", null as "sealOfExcellenceRef", null as funding,
      case when category in ('large-enterprise', 'tech-giant') then 'pay-per-use' else 'free' end as "priceBasis",
      case when category in ('start-up', 'sme', 'scale-up') then 'sme-innovation'
        when category in ('research', 'public-body') then 'public-law-entity' end as "freeReason",
      case when category = 'research' then 'statutes of the applicant' end as "freeEvidenceRef",
      case when category in ('large-enterprise', 'tech-giant') then 'commercial'
        when category in ('start-up', 'sme', 'scale-up') then 'non-commercial' end as "use"
    from access_requests where status = 'submitted' and eligibility = 'eligible' order by created_position limit 1`,
  'GET /v1/access-requests/{id}': `select id from access_requests order by created_position limit 1`,
  'POST /v1/grants/{id}/revocation': `
    select id, null as "effectiveAt" from access_requests where status = 'granted' order by granted_position desc limit 1`,
  'GET /v1/grants/{id}': `select id from access_requests where granted_position is not null order by granted_position limit 1`,
  'POST /v1/facilities/{id}/allocations': `
    select r.facility_id as id, r.id as "grantId", q.chip_model as "chipModel", 1 as chips, null as "poolId",
      to_char(r.valid_to at time zone 'UTC' - interval '1 hour', '${INSTANT}') as "from",
      to_char(r.valid_to at time zone 'UTC', '${INSTANT}') as "to"
    from access_requests r join quota_policies q on q.facility_id = r.facility_id
    where r.status = 'granted' and not exists (select from allocations a where a.grant_id = r.id)
    order by r.valid_to desc limit 1`,
  'POST /v1/facilities/{id}/allocations/{allocationId}/release': `
    select facility_id as id, id as "allocationId", to_char(ends_at at time zone 'UTC' - interval '1 hour', '${INSTANT}') as at
    from allocations where released_at is null and ends_at > starts_at order by ends_at desc limit 1`,
  'POST /v1/usage': `
    select id as "allocationId", to_char(starts_at at time zone 'UTC', '${INSTANT}') as "from",
      to_char(starts_at at time zone 'UTC' + interval '1 hour', '${INSTANT}') as "to", 1 as "chipHours"
    from allocations where ends_at < now() and ends_at >= starts_at + interval '1 hour' order by created_position limit 1`,
  'POST /v1/facilities': `
    select country, host_state_partner_id as "hostStatePartnerId", null as "operatorPartnerId"
    from facilities order by host_state_partner_id is null, created_position limit 1`,
  'POST /v1/facilities/{id}/capacity': `
    select facility_id as id, chip_model as "chipModel", 100 as chips, ${TODAY} as "effectiveFrom"
    from quota_policies order by created_position limit 1`,
  'GET /v1/facilities/{id}/capacity': `select id from facilities order by created_position limit 1`,
  'POST /v1/facilities/{id}/yearly-submissions': `
    select id, extract(year from now())::int - 1 as year, ${TODAY} as "submittedOn"
    from facilities order by created_position limit 1`,
  'POST /v1/facilities/{id}/retirements': `
    select facility_id as id, chip_model as "chipModel", 1 as chips, ${TODAY} as "effectiveFrom"
    from quota_policies order by created_position limit 1`,
  'POST /v1/facilities/{id}/quota-policies': `
    select facility_id as id, chip_model as "chipModel", '{"start-up":10}'::jsonb as floors, '{"tech-giant":5000}'::jsonb as caps,
      ${inDays(1)} as "effectiveFrom"
    from quota_policies order by created_position limit 1`,
  'POST /v1/facilities/{id}/operations-start': FIRST_FACILITY,
  'POST /v1/facilities/{id}/pools': `select id, null as "partnerId" from facilities order by created_position limit 1`,
  'POST /v1/facilities/{id}/entitlements': FIRST_FACILITY,
  'POST /v1/facilities/{id}/donations': FIRST_FACILITY,
  'POST /v1/facilities/{id}/ownership-transfer': FIRST_FACILITY,
  'POST /v1/facilities/{id}/preferential-access': FIRST_FACILITY,
  'POST /v1/facilities/{id}/pool-assignments': FIRST_FACILITY,
  'GET /v1/facilities/{id}/pools': FIRST_FACILITY,
  'GET /v1/facilities/{id}': `select id from facilities order by created_position limit 1`,
  'POST /v1/transparency/reports': `select 'equal-access' as kind, ${TODAY} as "periodTo"`,
  'POST /v1/transparency/corrective-actions': `
    select id as "reportId" from published_reports where kind = 'equal-access' order by created_position limit 1`,
  'GET /v1/transparency/reports/{id}': `select id from published_reports order by created_position limit 1`,
  'GET /v1/transparency/reports/{id}.csv': `select id from published_reports order by created_position limit 1`,
  'GET /v1/transparency/reports/{id}/streams': `select id from published_reports order by created_position limit 1`,
  'POST /v1/policies': `select ${TODAY} as "effectiveFrom"`,
  'GET /v1/events/{id}': `select id from events where position = 1`,
  'GET /v1/events/{id}/proof': `select id from events where position = 1`,
};

/** How long examples are kept: reading them again for every view of the documentation would let strangers make work. */
const KEPT_MS = 5_000;

/** Reads an example for every operation that has one; the others keep the example of the document. */
export function docsExamples(pool: Pool): () => Promise<Examples> {
  let kept: { readonly until: number; readonly examples: Promise<Examples> } | undefined;
  return () => {
    if (!kept || performance.now() > kept.until) kept = { until: performance.now() + KEPT_MS, examples: read(pool) };
    return kept.examples;
  };
}

async function read(pool: Pool): Promise<Examples> {
  const examples = new Map<string, ExampleValues>();
  for (const [operation, query] of Object.entries(QUERIES)) {
    const { rows } = await pool.query<ExampleValues>(query);
    if (rows[0]) examples.set(operation, rows[0]);
  }
  return examples;
}
