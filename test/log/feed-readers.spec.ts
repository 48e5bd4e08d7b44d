import { holderOf } from '../../src/http/shares/holder.js';
import { FeedReaders, STRANGERS_MAX, READERS_MAX, READERS_PER_HOLDER_MAX } from '../../src/log/feed-readers.js';
import { refusalOf } from '../support/given.js';

const KNOWN = { isStranger: false };
const STRANGER = { isStranger: true };

describe('the places of readers of the feed', () => {
  it('are kept in part for those with a credential, however many strangers there are', () => {
    const readers = new FeedReaders();
    const leaves = Array.from({ length: STRANGERS_MAX }, (_, at) => readers.enter(`address ${at % 5}`, STRANGER));
    expect(refusalOf(() => readers.enter('address 5', STRANGER))).toMatchObject({
      ...{ code: 'too-many-readers', facts: { limit: STRANGERS_MAX } },
    });
    readers.enter('actor programme', KNOWN);
    leaves[0]?.();
    readers.enter('address 5', STRANGER);
    expect(refusalOf(() => readers.enter('address 6', STRANGER))).toMatchObject({ code: 'too-many-readers' });
  });

  it('are as many in all as for five holders, and each that is left can be taken again', () => {
    const readers = new FeedReaders();
    const leaves = Array.from({ length: READERS_MAX }, (_, at) => readers.enter(`holder ${at % 5}`, KNOWN));
    expect(refusalOf(() => readers.enter('holder 5', KNOWN))).toMatchObject({
      kind: 'unavailable',
      code: 'too-many-readers',
    });
    expect(refusalOf(() => readers.enter('holder 0', KNOWN))).toMatchObject({
      kind: 'rate-limited',
      code: 'too-many-own-readers',
      facts: { limit: READERS_PER_HOLDER_MAX },
    });
    leaves[0]?.();
    readers.enter('holder 0', KNOWN);
    expect(refusalOf(() => readers.enter('holder 0', KNOWN))).toMatchObject({ code: 'too-many-own-readers' });
  });

  it('are counted by the actor of a credential, and else by the network of the address', () => {
    expect(holderOf({ actorId: 'programme', roles: ['operator'] }, '10.0.0.1')).toBe('actor programme');
    expect(holderOf(undefined, '10.0.0.1')).toBe('address 10.0.0.1');
  });
});
