import type { Aggregate, EventDeclarations } from '../../src/ledger/aggregate.js';

type ThingEvent =
  | { readonly type: 'thing-made'; readonly data: { readonly name: string } }
  | { readonly type: 'thing-kept'; readonly data: { readonly days: number } };
type Thing = Aggregate<undefined, ThingEvent>;

const made = { schema: 1, says: () => 'Made.' } as const;

describe('the declarations of an aggregate', () => {
  it('compile with an entry for each event type, which reads the data of that type', () => {
    const events: Thing['events'] = {
      'thing-made': { schema: 1, says: ({ data }) => data.name },
      'thing-kept': {
        schema: 2,
        says: ({ data }) => `${data.days} days`,
        upcasts: { 1: ({ weeks }: { readonly weeks: number }) => ({ days: 7 * weeks }) },
      },
    };
    expect(events['thing-kept'].says({ data: { days: 3 } })).toBe('3 days');
  });

  // The compiler of the tests reports an expected error that does not occur.
  it('do not compile without an entry, a sentence or upcasts, or with the data of another type', () => {
    // @ts-expect-error: 'thing-kept' has no entry.
    const withoutEntry: EventDeclarations<ThingEvent> = { 'thing-made': made };
    // @ts-expect-error: 'thing-kept' has no sentence.
    const withoutSentence: EventDeclarations<ThingEvent> = { 'thing-made': made, 'thing-kept': { schema: 1 } };
    // @ts-expect-error: schema 2 has no upcasts from schema 1.
    const withoutUpcast: EventDeclarations<ThingEvent> = { 'thing-made': made, 'thing-kept': { ...made, schema: 2 } };
    const ofOthers: EventDeclarations<ThingEvent> = {
      'thing-made': made,
      // @ts-expect-error: 'thing-kept' has no name.
      'thing-kept': { schema: 1, says: ({ data }) => data.name },
    };
    expect([withoutEntry, withoutSentence, withoutUpcast, ofOthers]).toHaveLength(4);
  });
});
