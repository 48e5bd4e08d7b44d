import { readFile, rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AGGREGATES } from '../../src/aggregates.js';
import type { AnyAggregate } from '../../src/audit/audit-explain.js';
import { changesBetween } from '../../src/audit/explain-states.js';
import { EventReader } from '../../src/ledger/event-reader.js';
import { derivedId } from '../../src/ledger/identifiers.js';
import { ppp } from '../support/command-line.js';
import { EnvelopeWriter, LOG_VKEY, signedLog, writeLog, type WrittenEvent } from './written-log.js';

const CORPUS = new URL('../ledger/corpus/', import.meta.url);
const idOf = (name: string): string => derivedId('explain', name);
const [KEY, STATE, FUND, TRANCHE, COMMITMENT, SITE, REQUEST] = [
  'key',
  'state',
  'fund',
  'tranche',
  'commitment',
  'site',
  'request',
].map(idOf) as [string, string, string, string, string, string, string];

describe('the changes that audit explain shows', () => {
  const aggregates = AGGREGATES as unknown as readonly AnyAggregate[];

  it.each(aggregates.map((aggregate) => [aggregate.name, aggregate] as const))(
    'are facts of the domain, and each event of %s has some',
    async (name, aggregate) => {
      const reader = new EventReader(AGGREGATES);
      const states = new Map<string, unknown>();
      const lines = (await readFile(new URL(`${name}.ndjson`, CORPUS), 'utf8')).trimEnd().split('\n');
      for (const [at, envelope] of lines.entries()) {
        const event = reader.read({ position: at + 1, envelope });
        const before = states.get(event.stream) ?? aggregate.initial;
        const after = aggregate.evolve(before, event);
        const changes = changesBetween(name, before, after);
        expect([envelope, changes.length]).toEqual([envelope, expect.any(Number)]);
        expect([event.type, changes]).not.toEqual([event.type, []]);
        const shown = changes.map(({ what, before: old, after: now }) => `${what}: ${old} -> ${now}`).join('\n');
        // Names of members, and what the states keep for decisions alone.
        expect(shown).not.toMatch(/[a-z][A-Z]|Minor|\bsince\b|absent|undefined|NaN|\[object|: \S.* -> nothing$/m);
        expect(changesBetween(name, after, after)).toEqual([]);
        states.set(event.stream, after);
      }
    },
  );
});

describe('ppp-ledger audit explain', () => {
  let folder: string;
  let events: readonly WrittenEvent[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-explain-'));
    const terms = {
      fundId: FUND,
      trancheId: TRANCHE,
      trancheRank: 1,
      trancheKind: 'first-loss',
      partnerId: STATE,
      partnerKind: 'member-state',
      facilityId: SITE,
      currency: 'EUR',
      kind: 'capex',
    };
    const application = {
      callId: 'c',
      facilityId: SITE,
      mode: 'regular',
      partnerId: STATE,
      ultimateParentId: STATE,
      category: 'start-up',
      country: 'SE',
      chipHoursRequested: 48_000,
      submittedAt: '2026-03-02T08:00:00Z',
    };
    const decided = { ...application, reasonCodes: ['ok'] };
    const by = (stream: string, type: string, data: Record<string, unknown>): WrittenEvent => ({
      stream,
      type,
      data,
      actor: KEY,
    });
    events = [
      {
        ...by(`api-key-${KEY}`, 'api-key-issued', { name: 'First operator key', roles: ['operator'], keyHash: '00' }),
        actor: 'programme',
      },
      by(`partner-${STATE}`, 'partner-registered', {
        legalName: 'Kingdom of Sweden',
        country: 'SE',
        legalForm: 'member-state',
      }),
      by(`fund-${FUND}`, 'fund-established', {
        name: 'Northern \u001b[2JFund',
        currency: 'EUR',
        targetMinor: '500000000000',
      }),
      by(`fund-${FUND}`, 'tranche-defined', {
        trancheId: TRANCHE,
        rank: 1,
        kind: 'first-loss',
        capMinor: '100000000000',
      }),
      by(`commitment-${COMMITMENT}`, 'commitment-pledged', { ...terms, amountMinor: '68000000000' }),
      {
        ...by(`commitment-${COMMITMENT}`, 'commitment-signed', {
          ...terms,
          amountMinor: '68000000000',
          signedOn: '2026-02-02',
        }),
        actor: STATE,
      },
      by(`access-request-${REQUEST}`, 'access-request-submitted', {
        ...application,
        sector: 'health',
        submittedBy: STATE,
      }),
      by(`access-request-${REQUEST}`, 'eligibility-confirmed', { ...decided, checkedAt: '2026-03-02T09:00:00Z' }),
      by(`access-request-${REQUEST}`, 'access-granted', {
        ...decided,
        chipHours: 40_000,
        priceBasis: 'free',
        validFrom: '2026-05-01T00:00:00Z',
        validTo: '2026-08-01T00:00:00Z',
        decidedAt: '2026-03-02T10:00:00Z',
      }),
    ];
    const writer = new EnvelopeWriter();
    await writeLog(signedLog(events.flatMap((event) => writer.command(event))), folder);
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function explained(type: string): Promise<string> {
    const position = String(events.findIndex((event) => event.type === type) + 1);
    const { code, out } = await ppp('audit', 'explain', folder, '--vkey', LOG_VKEY, '--position', position);
    expect(code).toBe(0);
    return out;
  }
  /** Without the event itself, which is shown as it was signed. */
  const words = (out: string): string => out.replace(/^\{$[\s\S]*?^\}$/m, '');

  it('writes amounts with their currency, also where only an earlier event of the stream names it', async () => {
    const pledged = await explained('commitment-pledged');
    expect(pledged).toContain(`Partner ${STATE} ("Kingdom of Sweden") pledged EUR 680,000,000.00.`);
    expect(await explained('tranche-defined')).toContain('which takes up to EUR 1,000,000,000.00.');
    const signed = await explained('commitment-signed');
    expect(signed).toContain('  committed: EUR 0.00 -> EUR 680,000,000.00\n');
    expect(signed).toContain('  status: pledged -> signed\n');
    for (const out of [pledged, signed]) expect(words(out)).not.toMatch(/minor units|Minor|nothing -> EUR 0/);
  });

  it('names partners, funds and the key of the one who acted, beside their ids', async () => {
    const pledged = await explained('commitment-pledged');
    expect(pledged).toMatch(/^Recorded at 2026-03-02T[0-9:.]+Z by operator key "First operator key"\.$/m);
    expect(pledged).toContain(`  partner: nothing -> ${STATE} ("Kingdom of Sweden")`);
    expect(pledged).toContain(String.raw`  fund: nothing -> ${FUND} ("Northern \u{1b}[2JFund")`);
    expect(pledged).not.toContain('\u001b');
    expect(await explained('commitment-signed')).toMatch(/ by partner "Kingdom of Sweden" as operator\.$/m);
    expect(await explained('api-key-issued')).toMatch(/ by operator key "programme" \(OPERATOR_KEY\)\.$/m);
  });

  it('shows a grant without the states that came before it', async () => {
    expect(await explained('eligibility-confirmed')).toContain('  eligibility: not checked -> confirmed\n');
    const changes = (await explained('access-granted')).split('It changed:\n')[1];
    expect(
      changes
        ?.trim()
        .split('\n')
        .map((line) => line.trim()),
    ).toEqual([
      'status: submitted -> granted',
      'chip-hours granted: 0 -> 40,000',
      'valid from: nothing -> 2026-05-01T00:00:00Z',
      'valid to: nothing -> 2026-08-01T00:00:00Z',
    ]);
  });

  it('has the names and the actor in its JSON', async () => {
    const { out } = await ppp('audit', 'explain', folder, '--vkey', LOG_VKEY, '--position', '5', '--json');
    expect(JSON.parse(out)).toMatchObject({
      actor: 'operator key "First operator key"',
      names: {
        [STATE]: { kind: 'partner', name: 'Kingdom of Sweden' },
        [KEY]: { kind: 'key', name: 'First operator key' },
      },
      meaning: expect.stringContaining('EUR 680,000,000.00'),
    });
  });
});
