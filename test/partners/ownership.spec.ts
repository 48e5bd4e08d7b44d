import fc from 'fast-check';
import { OWNERS_MAX, ancestorsFrom, ultimateParentAt, type PartnerLookup } from '../../src/partners/ownership.js';
import { acquirePartner } from '../../src/partners/partner.decisions.js';
import { partner, type Partner, type PartnerEvent } from '../../src/partners/partner.js';
import { refusalOf } from '../support/given.js';

const NOW = '2026-06-15T12:00:00Z';

const registered: PartnerEvent = {
  type: 'partner-registered',
  data: { legalName: 'Nordlys', country: 'SE', legalForm: 'company' },
};

function world(histories: Record<string, PartnerEvent[]>): PartnerLookup {
  const states = new Map<string, Partner>();
  for (const [id, events] of Object.entries(histories)) {
    states.set(id, [registered, ...events].reduce<Partner>(partner.evolve, partner.initial));
  }
  return (id) => states.get(id) ?? partner.initial;
}
const acquiredBy = (acquirerId: string, effectiveFrom = '2026-01-01'): PartnerEvent => ({
  type: 'partner-acquired',
  data: { acquirerId, effectiveFrom },
});
const heldBy = (otherPartnerId: string, percent: number, effectiveFrom = '2026-01-01'): PartnerEvent => ({
  type: 'affiliation-recorded',
  data: { otherPartnerId, kind: percent > 50 ? 'linked' : 'partner', percent, effectiveFrom },
});

/** p1 acquires p0, p2 acquires p1, and so on. */
const chain = (length: number): PartnerLookup =>
  world(Object.fromEntries(Array.from({ length }, (_, level) => [`p${level}`, [acquiredBy(`p${level + 1}`)]])));

describe('the ultimate parent of a partner', () => {
  it('is the partner itself if it has no owner', () => {
    expect(ultimateParentAt('a', NOW, world({ a: [heldBy('b', 50)] }))).toBe('a');
  });

  it('is at the top of acquisitions and majority holdings', () => {
    const lookup = world({ a: [acquiredBy('b')], b: [heldBy('c', 50.1)], c: [heldBy('d', 30)] });
    expect(ultimateParentAt('a', NOW, lookup)).toBe('c');
  });

  it('depends on the instant', () => {
    const lookup = world({ a: [acquiredBy('b', '2026-03-01')], b: [acquiredBy('c', '2026-05-01')] });
    expect(ultimateParentAt('a', '2026-02-28T23:59:59Z', lookup)).toBe('a');
    expect(ultimateParentAt('a', '2026-03-01T00:00:00Z', lookup)).toBe('b');
    expect(ultimateParentAt('a', '2026-05-01T00:00:00Z', lookup)).toBe('c');
  });

  it('is found up to the limit of owners, and refused beyond it', () => {
    expect(ultimateParentAt('p0', NOW, chain(OWNERS_MAX))).toBe(`p${OWNERS_MAX}`);
    expect(refusalOf(() => ultimateParentAt('p0', NOW, chain(OWNERS_MAX + 1))).code).toBe('ownership-too-wide');
  });
});

describe('the owners of a partner', () => {
  it('are the holders of any share, the acquirers, and their owners', () => {
    const lookup = world({ a: [heldBy('b', 30), acquiredBy('c')], b: [heldBy('d', 25)], c: [acquiredBy('d')] });
    expect([...ancestorsFrom('a', '2026-01-01', lookup)].sort()).toEqual(['b', 'c', 'd']);
  });

  it('are the owners of the day and of later days, not of the past', () => {
    const end: PartnerEvent = { type: 'affiliation-ended', data: { otherPartnerId: 'b', effectiveFrom: '2026-03-01' } };
    const lookup = world({ a: [heldBy('b', 30), end, heldBy('c', 30, '2026-09-01')] });
    expect(ancestorsFrom('a', '2026-02-28', lookup)).toEqual(['b', 'c']);
    expect(ancestorsFrom('a', '2026-03-01', lookup)).toEqual(['c']);
  });

  it('are counted up to the limit', () => {
    expect(ancestorsFrom('p0', '2026-01-01', chain(OWNERS_MAX))).toHaveLength(OWNERS_MAX);
    expect(refusalOf(() => ancestorsFrom('p0', '2026-01-01', chain(OWNERS_MAX + 1))).code).toBe('ownership-too-wide');
  });

  it('never form a circle on any day, after any acquisitions in any order', () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const dates = ['2026-01-01', '2026-02-01', '2026-03-01', '2026-09-01', '2026-10-01'];
    const ask = fc.record({
      of: fc.constantFrom(...ids),
      by: fc.constantFrom(...ids),
      from: fc.constantFrom(...dates),
    });
    fc.assert(
      fc.property(fc.array(ask, { maxLength: 40 }), (asks) => {
        const states = new Map(ids.map((id) => [id, partner.evolve(partner.initial, registered)]));
        const lookup: PartnerLookup = (id) => states.get(id) ?? partner.initial;
        for (const { of, by, from } of asks) {
          try {
            const input = { acquirerId: by, effectiveFrom: from };
            const [event] = acquirePartner(lookup(of), of, input, ancestorsFrom(by, from, lookup), NOW);
            states.set(of, partner.evolve(lookup(of), event));
          } catch (error) {
            expect(error).toHaveProperty('code');
          }
        }
        for (const id of ids) for (const date of dates) expect(ids).toContain(ultimateParentAt(id, date, lookup));
      }),
    );
  });
});
