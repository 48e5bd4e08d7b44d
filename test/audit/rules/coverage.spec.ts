import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AGGREGATES } from '../../../src/aggregates.js';
import { ACCESS_REFUSALS } from '../../../src/access/access.refusals.js';
import { CAPITAL_REFUSALS } from '../../../src/capital/capital.refusals.js';
import { COMPUTE_REFUSALS } from '../../../src/compute/compute.refusals.js';
import { DOMAIN_REFUSALS } from '../../../src/domain/domain.refusals.js';
import { ERASURE_REFUSALS } from '../../../src/erasure/erasure.refusals.js';
import { GOVERNANCE_REFUSALS } from '../../../src/governance/governance.refusals.js';
import { HTTP_REFUSALS } from '../../../src/http/http.refusals.js';
import { IDENTITY_REFUSALS } from '../../../src/identity/identity.refusals.js';
import { LEDGER_REFUSALS } from '../../../src/ledger/ledger.refusals.js';
import { LOG_REFUSALS } from '../../../src/log/log.refusals.js';
import { PARTNERS_REFUSALS } from '../../../src/partners/partners.refusals.js';
import { REFUSALS } from '../../../src/refusals.js';
import { TRANSPARENCY_REFUSALS } from '../../../src/transparency/transparency.refusals.js';
import { checkedRefusals, uncheckedRefusals } from '../../../src/audit/rules/refusal-coverage.js';
import { eventTypesOf } from '../../../src/ledger/aggregate.js';
import { rulesFor, uncoveredTypes, EVENT_TYPES, type TypeOf } from '../../../src/audit/rules/coverage.js';
import type { Verification } from '../../../src/audit/verification.js';
import { ppp } from '../../support/command-line.js';
import { EnvelopeWriter, LOG_VKEY, signedLog } from '../written-log.js';
import { programme } from '../written-programme.js';

/** As a shell shows it: what the command prints on stdout. */
const outputOf = async (...args: readonly string[]): Promise<string> => (await ppp('audit', ...args)).out;

describe('the coverage of the rules', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-coverage-'));
    const writer = new EnvelopeWriter();
    const { files } = signedLog(programme().flatMap((events) => writer.command(...events)));
    for (const [path, bytes] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('lists every event type that an aggregate declares', () => {
    expect([...EVENT_TYPES].sort()).toEqual(AGGREGATES.flatMap(eventTypesOf).sort());
  });

  // The compiler of the tests reports an expected error that does not occur.
  it('gives a rule its own event types and no others', () => {
    const own: TypeOf<'api-keys'> = 'api-key-revoked';
    // @ts-expect-error: the coverage lists policies for the rule of policies only.
    const foreign: TypeOf<'api-keys'> = 'policy-adopted';
    expect(rulesFor(own)).toContain('api-keys');
    expect(rulesFor(foreign)).not.toContain('api-keys');
  });

  it('prints every event type without a rule, with its reason, among the things that are not checked', async () => {
    const text = await outputOf('verify', folder, '--vkey', LOG_VKEY);
    const notChecked = text.slice(text.indexOf('Not part of this check:'));
    const { notChecked: lines } = JSON.parse(
      await outputOf('verify', folder, '--vkey', LOG_VKEY, '--json'),
    ) as Verification;
    const uncovered = uncoveredTypes();
    expect(uncovered.map(([type]) => type)).toContain('personal-data-erased');
    for (const [type, reason] of uncovered) {
      expect(reason).toMatch(/^[A-Z].*\.$/);
      expect(notChecked).toMatch(new RegExp(`^  ${type} +${reason.replaceAll(/[.()"]/g, '\\$&')}$`, 'm'));
      expect(lines).toContainEqual({ check: type, what: reason });
    }
  });

  it('has an entry for every refusal of a feature, and prints those without a check with their reasons', async () => {
    const features = Object.keys({
      ...ACCESS_REFUSALS,
      ...CAPITAL_REFUSALS,
      ...COMPUTE_REFUSALS,
      ...DOMAIN_REFUSALS,
      ...ERASURE_REFUSALS,
      ...GOVERNANCE_REFUSALS,
      ...IDENTITY_REFUSALS,
      ...PARTNERS_REFUSALS,
      ...TRANSPARENCY_REFUSALS,
    });
    const checked = checkedRefusals();
    const unchecked = uncheckedRefusals();
    const listed = [...checked.map(([code]) => code), ...unchecked.flatMap(([, codes]) => codes)];
    expect(listed.sort()).toEqual(features.sort());
    // The other files of refusals are of requests: a feature that is added must not be left out here.
    const others = { ...HTTP_REFUSALS, ...LEDGER_REFUSALS, ...LOG_REFUSALS };
    expect([...features, ...Object.keys(others)].sort()).toEqual(Object.keys(REFUSALS).sort());
    const { checked: lines, notChecked } = JSON.parse(
      await outputOf('verify', folder, '--vkey', LOG_VKEY, '--json'),
    ) as Verification;
    const names = lines.map(({ check }) => check);
    for (const [, checks] of checked) expect(names).toEqual(expect.arrayContaining([...checks]));
    for (const [reason, codes] of unchecked) {
      expect(codes).not.toEqual([]);
      expect(notChecked).toContainEqual({ check: 'refusals', what: `${reason} (${codes.join(', ')})` });
    }
  });

  it('names only rules that a verification reports', async () => {
    const { checked, verdict } = JSON.parse(
      await outputOf('verify', folder, '--vkey', LOG_VKEY, '--json'),
    ) as Verification;
    const rules = new Set(EVENT_TYPES.flatMap(rulesFor));
    expect(verdict).toBe('verified');
    expect(checked.map(({ check }) => check)).toEqual(expect.arrayContaining([...rules]));
  });
});
