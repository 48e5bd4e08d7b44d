import { hasMeaning, meaningOf } from '../../src/audit/audit-meaning.js';
import { AGGREGATES } from '../../src/aggregates.js';

describe('the explanation of an event', () => {
  it('knows every type that a ledger records', () => {
    const types = AGGREGATES.flatMap(({ schemas }) => Object.keys(schemas));
    expect(types.filter((type) => !hasMeaning(type))).toEqual([]);
  });

  it('names a type that it does not know', () => {
    expect(meaningOf({ type: 'something-new', data: {} })).toContain('something-new');
  });
});
