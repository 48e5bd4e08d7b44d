/** JSON Schema of a fact, as the OpenAPI document shows it. */
export interface FactSchema {
  readonly type: string | readonly string[];
  readonly description: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly enum?: readonly unknown[];
  readonly items?: Omit<FactSchema, 'description'>;
  readonly example: unknown;
}

/** A further member of a problem: its schema, and its type in the program. */
export interface Fact<Value = unknown> {
  readonly schema: FactSchema;
  /** True if only some occurrences have it. */
  readonly optional?: true;
  /** Only a type: no fact has a value. */
  readonly value?: Value;
}

/** Every list of facts is shorter: partners above a partner, models of chip, roles. */
const LIST_LENGTH_MAX = 256;
const TEXT_LENGTH_MAX = 1_000;
/** Sums of amounts of 18 digits, with a sign. */
const MINOR = { pattern: '^(0|-?[1-9][0-9]{0,37})$', maxLength: 39 };
const UUID = {
  format: 'uuid',
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  maxLength: 36,
};

const textual = <Value extends string = string>(schema: Omit<FactSchema, 'type'>): Fact<Value> => ({
  schema: { type: 'string', ...schema },
});

/** An amount of money in minor units, as decimal text; it may be negative. */
export const minorFact = (description: string, example = '400000000') =>
  textual({ description: `${description} Minor units of the currency, as decimal text.`, ...MINOR, example });

/** A whole number from 0; the description says of what. */
export const wholeFact = (description: string, example: number): Fact<number> => ({
  schema: { type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description, example },
});

/** A number that may have decimals. */
export const numberFact = (description: string, example: number): Fact<number> => ({
  schema: { type: 'number', format: 'double', description, example },
});

export const idFact = (description: string) =>
  textual({ description, ...UUID, example: '3f2c8f0e-9a1b-8c3d-9e4f-5a6b7c8d9e0f' });

/** An instant in UTC, RFC 3339. */
export const instantFact = (description: string, example = '2026-03-01T09:30:00Z') =>
  textual({ description, format: 'date-time', maxLength: 24, example });

/** A day (UTC). */
export const dateFact = (description: string, example = '2026-03-01') =>
  textual({ description, format: 'date', maxLength: 10, example });

export const textFact = (description: string, example: string): Fact<string> =>
  textual({ description, pattern: String.raw`^\S[\s\S]*$`, maxLength: TEXT_LENGTH_MAX, example });

/** One of a few words. */
export const wordFact = <const Value extends string>(description: string, values: readonly Value[]): Fact<Value> =>
  textual({ description, enum: values, example: values[0] });

/** The clause of the law that the rule comes from. */
export const clauseFact = <const Clause extends string>(clause: Clause): Fact<Clause> =>
  wordFact('Where the rule comes from.', [clause]);

/** A short name that decides which limit was met, for programs that sort refusals. */
export const ruleFact = <const Rule extends string>(rule: Rule): Fact<Rule> => wordFact('Name of the rule.', [rule]);

export const listFact = <Value>(description: string, of: Fact<Value>): Fact<readonly Value[]> => {
  const { description: _of, example, ...items } = of.schema;
  return {
    schema: { type: 'array', maxItems: LIST_LENGTH_MAX, items: { ...items, example }, description, example: [example] },
  };
};

/** The fact, or null. */
export const orNull = <Value>({ schema }: Fact<Value>): Fact<Value | null> => ({
  schema: {
    ...schema,
    type: [...[schema.type].flat(), 'null'],
    ...(schema.enum && { enum: [...schema.enum, null] }),
  },
});

/** A fact that only some occurrences have. */
export const optional = <Value>(fact: Fact<Value>): Fact<Value> & { readonly optional: true } => ({
  ...fact,
  optional: true,
});
