import { createHash } from 'node:crypto';
import { AI_FACTORIES } from '../../src/demo/ai-factories.js';
import { referencesOf } from '../../src/demo/command-list.js';
import { demoProgramme } from '../../src/demo/programme.js';
import { CATEGORIES } from '../../src/partners/partner.js';
import { isLei } from '../../src/partners/lei.js';
import { CommandIndex, text } from './command-index.js';

/** SHA-256 of the list of commands. If it changes, ledgers with the programme need new keys: raise its version. */
const DIGEST = '0131054ed093917be8eecf6aeb111090503f4f927a9810c0b51d43be7dfbc1c5';

const programme = demoProgramme();
const { commands } = programme;
const index = new CommandIndex(commands);

const digestOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

describe('the demo programme', () => {
  it('is the same list of commands on every machine and at any time', () => {
    expect(digestOf([programme.keyPrefix, commands])).toBe(DIGEST);
    expect(digestOf(demoProgramme().commands)).toBe(digestOf(commands));
  });

  it('has names that are valid in idempotency keys, each used once', () => {
    expect(new Set(commands.map(({ name }) => name)).size).toBe(commands.length);
    for (const { name } of commands) expect(`${programme.keyPrefix}:${name}`).toMatch(/^[!-~]{1,255}$/);
  });

  it('refers only to commands of earlier waves', () => {
    const waves = new Map(commands.map(({ name, wave }) => [name, wave]));
    for (const { name, path, body, wave } of commands) {
      for (const other of referencesOf(path, body)) {
        expect({ name, other, isEarlier: (waves.get(other) ?? Infinity) < wave }).toMatchObject({ isEarlier: true });
      }
    }
  });

  it('is sent in the order of its waves, and registers its last partner alone in the last wave', () => {
    const waves = commands.map(({ wave }) => wave);
    expect(waves).toEqual(waves.toSorted((left, right) => left - right));
    expect(commands.filter(({ wave }) => wave === waves.at(-1)).map(({ name }) => name)).toEqual(['partner:last']);
  });

  it('has 300 partners, 150 commitments and 2,000 requests', () => {
    expect(index.to('/v1/partners')).toHaveLength(300);
    expect(index.to('/v1/commitments')).toHaveLength(150);
    expect(index.to('/v1/access-requests')).toHaveLength(2_000);
  });

  it('has four gigafactories of about 100,000 chips and the 19 AI factories', () => {
    const facilities = index.to('/v1/facilities');
    const gigafactories = facilities.filter(({ body }) => body['kind'] === 'ai-gigafactory');
    expect(gigafactories).toHaveLength(4);
    for (const { name } of gigafactories) {
      const installs = index.to('/v1/facilities/{}/capacity').filter(({ path }) => path.includes(name));
      const chips = installs.reduce((total, { body }) => total + Number(body['chips']), 0);
      expect(Math.abs(chips - 100_000)).toBeLessThanOrEqual(5_000);
    }
    const aiFactories = facilities.filter(({ body }) => body['kind'] === 'ai-factory');
    expect(aiFactories.map(({ body }) => body['name'])).toEqual(AI_FACTORIES.map(({ name }) => name));
    expect(aiFactories).toHaveLength(19);
  });

  it('has applicants of all seven categories and partners from every Member State', () => {
    const categories = index.to('/v1/partners/{}/classifications').map(({ body }) => body['category']);
    expect(new Set(categories)).toEqual(new Set(CATEGORIES));
    const applicants = index.to('/v1/partners').filter(({ body }) => body['illustrative'] === true);
    const states = index.to('/v1/partners').filter(({ body }) => body['legalForm'] === 'member-state');
    expect(states).toHaveLength(27);
    const homes = new Set(applicants.map(({ body }) => body['country']));
    for (const { body } of states) expect(homes).toContain(body['country']);
  });

  it('names a public source for public facts and marks all other records as illustrative', () => {
    for (const route of ['/v1/partners', '/v1/funds', '/v1/commitments', '/v1/facilities', '/v1/access-requests']) {
      for (const { name, body } of index.to(route)) {
        expect({ name, isMarked: body['illustrative'] === true || typeof body['source'] === 'string' }).toEqual({
          name,
          isMarked: true,
        });
      }
    }
    for (const command of [...index.to('/v1/commitments'), ...index.to('/v1/access-requests')]) {
      expect(command.body['illustrative']).toBe(true);
    }
  });

  it('marks invented partners in their names, and gives them identifiers that are valid only in form', () => {
    const invented = index.to('/v1/partners').filter(({ body }) => body['illustrative'] === true);
    for (const command of invented) expect(text(command, 'legalName')).toMatch(/\(invented\)$/);
    expect(new Set(invented.map(({ body }) => body['legalName'])).size).toBe(invented.length);
    const leis = index.to('/v1/partners').flatMap(({ body }) => (typeof body['lei'] === 'string' ? [body['lei']] : []));
    expect(leis.length).toBeGreaterThan(50);
    for (const lei of leis)
      expect({ lei, isValid: isLei(lei), isInvented: lei.startsWith('DEMO00') }).toMatchObject({
        isValid: true,
        isInvented: true,
      });
  });

  it('has no partner of a public source among its applicants', () => {
    const real = new Set(
      index
        .to('/v1/partners')
        .filter(({ body }) => body['illustrative'] !== true)
        .map(({ name }) => name),
    );
    const applicants = programme.access.requests.map(({ applicant }) => applicant.name);
    expect(applicants.filter((name) => real.has(name))).toEqual([]);
  });

  it('keeps partners, commitments and special cases when fewer requests are generated', () => {
    const small = demoProgramme({ scale: 0.05 });
    const smallIndex = new CommandIndex(small.commands);
    expect(smallIndex.to('/v1/access-requests')).toHaveLength(100);
    expect(smallIndex.to('/v1/commitments')).toHaveLength(150);
    expect(small.access.revoked.length).toBeGreaterThan(0);
    expect(small.access.overAllocation).not.toBe('');
    expect(small.keyPrefix).not.toBe(programme.keyPrefix);
  });
});
