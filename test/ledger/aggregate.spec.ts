import { nobody, upcast, type Aggregate, type EventDeclarations } from '../../src/ledger/aggregate.js';
import { object, optional, text, whole, type ValueOf } from '../../src/ledger/schema.js';

const made = object({ name: text(), note: optional(text()) });
const kept = object({ days: whole() });
const keptForWeeks = object({ weeks: whole() });

type ThingEvent =
  | { readonly type: 'thing-made'; readonly data: ValueOf<typeof made> }
  | { readonly type: 'thing-kept'; readonly data: ValueOf<typeof kept> };
type Thing = Aggregate<undefined, ThingEvent>;

const makes = { schema: 1, data: made, concerns: nobody, says: () => 'Made.' } as const;
const keeps = { schema: 1, data: kept, concerns: nobody, says: () => 'Kept.' } as const;

describe('the declarations of an aggregate', () => {
  it('compile with an entry for each event type, which reads the data of that type', () => {
    const events: Thing['events'] = {
      'thing-made': { ...makes, says: ({ data }) => data.name },
      'thing-kept': {
        ...keeps,
        schema: 2,
        says: ({ data }) => `${data.days} days`,
        upcasts: { 1: upcast(keptForWeeks, ({ weeks }) => ({ days: 7 * weeks })) },
      },
    };
    expect(events['thing-kept'].says({ data: { days: 3 } })).toBe('3 days');
  });

  it('give the type of the data: names, what may be missing, and nothing else', () => {
    const data: ValueOf<typeof made>[] = [{ name: 'a' }, { name: 'a', note: 'b' }];
    // @ts-expect-error: there is no name.
    data.push({ note: 'b' });
    // @ts-expect-error: a member that may be missing is never undefined.
    data.push({ name: 'a', note: undefined });
    // @ts-expect-error: nothing has this name.
    data.push({ name: 'a', size: 1 });
    expect(data).toHaveLength(5);
  });

  // The compiler of the tests reports an expected error that does not occur.
  it('do not compile without an entry, a shape, partners, a sentence or upcasts, or with those of another type', () => {
    const { data: _data, ...shapeless } = makes;
    const { concerns: _concerns, ...partnerless } = makes;
    const { says: _says, ...silent } = makes;
    // @ts-expect-error: 'thing-kept' has no entry.
    const withoutEntry: EventDeclarations<ThingEvent> = { 'thing-made': makes };
    // @ts-expect-error: 'thing-made' has no shape.
    const withoutShape: EventDeclarations<ThingEvent> = { 'thing-made': shapeless, 'thing-kept': keeps };
    // @ts-expect-error: 'thing-made' does not say which partners it concerns.
    const withoutPartners: EventDeclarations<ThingEvent> = { 'thing-made': partnerless, 'thing-kept': keeps };
    // @ts-expect-error: 'thing-made' has no sentence.
    const withoutSentence: EventDeclarations<ThingEvent> = { 'thing-made': silent, 'thing-kept': keeps };
    // @ts-expect-error: schema 2 has no upcasts from schema 1.
    const withoutUpcast: EventDeclarations<ThingEvent> = { 'thing-made': { ...makes, schema: 2 }, 'thing-kept': keeps };
    const shapeOfOthers: EventDeclarations<ThingEvent> = {
      'thing-made': makes,
      // @ts-expect-error: 'thing-kept' has no name.
      'thing-kept': { ...keeps, data: made },
    };
    const sentenceOfOthers: EventDeclarations<ThingEvent> = {
      'thing-made': makes,
      // @ts-expect-error: 'thing-kept' has no name.
      'thing-kept': { ...keeps, says: ({ data }) => data.name },
    };
    const declared = [withoutEntry, withoutShape, withoutPartners, withoutSentence, withoutUpcast];
    expect([...declared, shapeOfOthers, sentenceOfOthers]).toHaveLength(7);
  });
});
