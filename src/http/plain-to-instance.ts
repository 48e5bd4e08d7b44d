import type { Type, ValidationPipeOptions } from '@nestjs/common';

/** The class of a body, of parameters or of a query. */
export type DtoClass<T extends object = object> = new () => T;

/** For the prototype of a class: its members that hold objects of another class. */
const nestedMembers = new WeakMap<object, Map<string, () => DtoClass>>();

/**
 * The member holds an object of this class, or a list of such objects. A function, because the class may be declared later in its
 * file.
 */
export const Nested =
  (type: () => DtoClass): PropertyDecorator =>
  (prototype, name) => {
    const members = nestedMembers.get(prototype) ?? new Map<string, () => DtoClass>();
    nestedMembers.set(prototype, members.set(String(name), type));
  };

/**
 * An instance of the class with the members of the object: the validator finds its rules by the class. Texts are in NFC, whatever the
 * caller wrote. Each member is read once, so the work grows with the members and not with their square. Depth is bounded by the nesting of the classes: a member without
 * `Nested` is taken over as it is.
 *
 * A name that the class inherits is left out. Assigned, `constructor` and `__proto__` would decide which rules the validator
 * finds, and `hasOwnProperty` would pass its list of known members. `JsonScanner` refuses these names in a body before.
 */
export function plainToInstance<T extends object>(type: DtoClass<T>, plain: object): T {
  const instance = new type();
  const inherited = type.prototype as object;
  const members = instance as Record<string, unknown>;
  for (const [name, value] of Object.entries(plain)) {
    if (name in inherited) continue;
    const nested = typeof value === 'object' ? nestedTypeOf(inherited, name) : undefined;
    members[name] = nested === undefined ? composed(value) : instancesOf(nested(), value);
  }
  return instance;
}

/**
 * A text, or the texts of a list, in Unicode's composed form (NFC). One name has two forms that look the same, "é" and "e" with an
 * accent that is added to it: macOS writes the second one in names of files. Recorded in one form, it is one name for every reader.
 */
function composed(value: unknown): unknown {
  if (typeof value === 'string') return value.normalize('NFC');
  return Array.isArray(value)
    ? value.map((item: unknown) => (typeof item === 'string' ? composed(item) : item))
    : value;
}

function nestedTypeOf(inherited: object, name: string): (() => DtoClass) | undefined {
  for (let at: object | null = inherited; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const type = nestedMembers.get(at)?.get(name);
    if (type !== undefined) return type;
  }
  return undefined;
}

/** Anything that is not an object stays as it is: the validator refuses it by its rule. */
function instancesOf(type: DtoClass, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => instancesOf(type, item));
  return typeof value === 'object' && value !== null ? plainToInstance(type, value) : value;
}

/** Replaces `class-transformer`, which Nest's `ValidationPipe` would load. */
export const TRANSFORMER: NonNullable<ValidationPipeOptions['transformerPackage']> = {
  plainToInstance: <T>(type: Type<T>, plain: unknown) => instancesOf(type as DtoClass, plain) as T,
  classToPlain: () => {
    throw new Error(
      'The validation pipe turned an instance back into an object: it was made without "transform: true".',
    );
  },
};
