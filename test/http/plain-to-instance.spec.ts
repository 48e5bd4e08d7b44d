import { Nested, plainToInstance } from '../../src/http/plain-to-instance.js';

class Part {
  chips: number;
}

class Whole {
  name: string;

  @Nested(() => Part)
  parts: Part[];
}

class Extended extends Whole {
  @Nested(() => Part)
  further: Part;

  get label(): string {
    return this.name;
  }
}

/** An object that counts how often one of its members is read. */
function counted(members: number): { readonly object: object; readonly reads: () => number } {
  let reads = 0;
  const target = Object.fromEntries(Array.from({ length: members }, (_, at) => [`member${at}`, at]));
  const object = new Proxy(target, {
    get: (from, name) => {
      reads += 1;
      return Reflect.get(from, name) as unknown;
    },
  });
  return { object, reads: () => reads };
}

describe('plainToInstance', () => {
  it('makes the object and the members that are nested, in lists too, into instances of their classes', () => {
    const extended = plainToInstance(Extended, {
      name: 'a',
      parts: [{ chips: 1 }, { chips: 2 }],
      further: { chips: 3 },
    });
    expect(extended).toBeInstanceOf(Extended);
    expect(extended).toEqual({ name: 'a', parts: [{ chips: 1 }, { chips: 2 }], further: { chips: 3 } });
    expect([...extended.parts, extended.further].every((part) => part instanceof Part)).toBe(true);
  });

  it('does not apply the nesting of a subclass to its base class', () => {
    const whole = plainToInstance(Whole, { further: { chips: 3 } });
    expect(Reflect.get(whole, 'further')).not.toBeInstanceOf(Part);
  });

  it('leaves a nested member that is not an object as it is, for the validator to refuse', () => {
    expect(plainToInstance(Whole, { parts: 5 }).parts).toBe(5);
    expect(plainToInstance(Whole, { parts: null }).parts).toBeNull();
    expect(plainToInstance(Whole, { parts: ['x', null] }).parts).toEqual(['x', null]);
  });

  it('keeps unknown members, for the validator to refuse', () => {
    expect(Object.keys(plainToInstance(Whole, { unknown: 1, prototype: 2 }))).toEqual(
      expect.arrayContaining(['unknown', 'prototype']),
    );
  });

  it.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'label'])(
    'assigns no member with the inherited name %s',
    (name) => {
      const given: object = JSON.parse(`{"name": "a", "${name}": {"name": "b"}, "further": {"${name}": 1}}`);
      const made = plainToInstance(Extended, given);
      expect(Object.hasOwn(made, name)).toBe(false);
      expect(Object.getPrototypeOf(made)).toBe(Extended.prototype);
      expect(Reflect.get({}, 'name')).toBeUndefined();
      expect(made.name).toBe('a');
    },
  );

  it('reads each of 100,000 members once', () => {
    const { object, reads } = counted(100_000);
    expect(Object.keys(plainToInstance(Whole, object))).toHaveLength(100_002);
    expect(reads()).toBe(100_000);
  });
});
