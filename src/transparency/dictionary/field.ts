/** A text in the languages of the dictionary. English is the language of the descriptions; the labels are for tables and charts. */
export interface Label {
  readonly en: string;
  readonly fr: string;
  readonly de: string;
}
export const LANGUAGES = ['en', 'fr', 'de'] as const satisfies readonly (keyof Label)[];

export const label = (en: string, fr: string, de: string): Label => ({ en, fr, de });

export const TYPES = [
  'string',
  'integer',
  'number',
  'boolean',
  'date-time',
  'date',
  'month',
  'list',
  'object',
  'any',
] as const;
export type FieldType = (typeof TYPES)[number];

/** What a field is for: it says which rows it belongs to, it measures, it explains a measure, or it says where the figures come from. */
export const ROLES_OF_FIELDS = ['dimension', 'measure', 'note', 'provenance'] as const;

/** How a measure is put together from the rows of one scope. */
export const AGGREGATIONS = ['sum', 'sum-in-one-currency', 'none'] as const;

export const UNIT_NAMES = [
  'requests',
  'grants',
  'partners',
  'parents',
  'commitments',
  'chip-hours',
  'unit-hours',
  'days',
  'working-days',
  'minor-units',
  'share',
  'share-difference',
  'ratio',
  'index',
  'probability',
  'events',
  'rank',
] as const;
export type UnitName = (typeof UNIT_NAMES)[number];

export const CODE_LIST_NAMES = [
  'scopes',
  'categories',
  'countries',
  'currencies',
  'modes',
  'impact-flags',
  'reasons',
  'policies',
  'tranche-kinds',
  'partner-kinds',
  'facility-kinds',
  'ratio-bases',
  'demand-bases',
  'pool-owners',
  'pool-bases',
  'free-reasons',
] as const;
export type CodeListName = (typeof CODE_LIST_NAMES)[number];

export interface Meaning {
  readonly label: Label;
  readonly type: FieldType;
  readonly role: (typeof ROLES_OF_FIELDS)[number];
  /** What the field says, in English. */
  readonly description: string;
  readonly unit?: UnitName;
  readonly aggregation?: (typeof AGGREGATIONS)[number];
  readonly codes?: CodeListName;
  /** Where the figure comes from: a clause of the law, or a publication. */
  readonly source?: string;
}

/** A field of a report: a column of its table, a member of its JSON, or both. */
export interface Field extends Meaning {
  readonly column?: string;
  /** Paths in the JSON; a list stands for its items: `categories.submitted`. */
  readonly members: readonly string[];
}

type Further = Pick<Meaning, 'unit' | 'codes' | 'source'>;

/** The kinds of fields that come again and again. */
export const dimension = (
  texts: Label,
  description: string,
  type: FieldType = 'string',
  further: Further = {},
): Meaning => ({ label: texts, description, type, role: 'dimension', ...further });

export const count = (texts: Label, description: string, unit: UnitName, further: Further = {}): Meaning => ({
  label: texts,
  description,
  type: 'integer',
  role: 'measure',
  unit,
  aggregation: 'sum',
  ...further,
});

export const measure = (texts: Label, description: string, unit: UnitName, further: Further = {}): Meaning => ({
  label: texts,
  description,
  type: 'number',
  role: 'measure',
  unit,
  aggregation: 'none',
  ...further,
});

export const money = (texts: Label, description: string, further: Further = {}): Meaning => ({
  label: texts,
  description: `${description} In minor units: cents of EUR. The code list of currencies has the digits.`,
  type: 'string',
  role: 'measure',
  unit: 'minor-units',
  aggregation: 'sum-in-one-currency',
  ...further,
});

export const note = (texts: Label, description: string, type: FieldType, further: Further = {}): Meaning => ({
  label: texts,
  description,
  type,
  role: 'note',
  ...further,
});

export const provenance = (texts: Label, description: string, type: FieldType, further: Further = {}): Meaning => ({
  label: texts,
  description,
  type,
  role: 'provenance',
  ...further,
});

type Meanings = Readonly<Record<string, Meaning>>;
interface Place {
  /** Paths of the objects that hold the members; '' is the report itself. None: the fields are in the table alone. */
  readonly in?: readonly string[];
  /** The fields are columns of the table too. */
  readonly columns?: true;
}

/** Fields that have the same name in the table and in the JSON. */
export const fields = (place: Place, meanings: Meanings): Field[] =>
  Object.entries(meanings).map(([name, meaning]) => ({
    ...(place.columns && { column: name }),
    members: (place.in ?? []).map((path) => (path === '' ? name : `${path}.${name}`)),
    ...meaning,
  }));
