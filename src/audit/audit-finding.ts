/** A published artefact or an event that is proven wrong, in the words of the person who has to act on it. */
export interface Finding {
  /** The check that found it, e.g. `entries`. */
  readonly check: string;
  /** One sentence with the numbers that decided the check. */
  readonly message: string;
  /** Path of the artefact below the prefix of the log, e.g. `tile/entries/000`. */
  readonly artefact?: string;
  readonly position?: number;
  readonly stream?: string;
  readonly type?: string;
  /** Hex for hashes, other values as they were published. */
  readonly expected?: string;
  readonly found?: string;
  /** What the auditor does next. */
  readonly nextStep: string;
}

/** Recorded data as the text of a finding. Not `String`: the data may have a member `toString`. */
export const textOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);

/**
 * A check failed: exit code 1. This accuses somebody, so it needs a proof: a checkpoint that the log signed, and complete data that
 * contradict it. Data that are cut off, malformed or not signed prove nothing: the check then throws `NotCheckable`.
 */
export class ProvenWrong extends Error {
  override readonly name = 'ProvenWrong';

  constructor(readonly finding: Finding) {
    super(finding.message);
  }
}

/** A check could not be made, which proves nothing about the log: exit code 2. */
export class NotCheckable extends Error {
  override readonly name = 'NotCheckable';

  constructor(
    message: string,
    readonly nextStep: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The call itself is wrong, e.g. an option that names no file: exit code 64. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Keeps the earliest of all findings and the number of findings: later ones often follow from the first. */
export class Findings {
  private earliest: Finding | undefined;
  private found = 0;
  private readonly checks = new Set<string>();

  add(finding: Finding): void {
    this.found += 1;
    this.checks.add(finding.check);
    if (this.earliest === undefined || placeOf(finding) < placeOf(this.earliest)) this.earliest = finding;
  }

  /**
   * This finding goes before all others: if the bytes are not the signed bytes, their content does not matter.
   */
  outrank(finding: Finding): void {
    this.found += 1;
    this.checks.add(finding.check);
    this.earliest = finding;
  }

  /** The finding with the lowest position, unless another one outranks it. */
  get first(): Finding | undefined {
    return this.earliest;
  }

  get count(): number {
    return this.found;
  }

  /** True if the check has a finding. */
  has(check: string): boolean {
    return this.checks.has(check);
  }
}

const placeOf = ({ position = Infinity }: Finding): number => position;

export const ANOTHER_COPY =
  'Read it again, and from another copy (an archive, a mirror). If it stays so, keep what you have as evidence and ask the ' +
  'operator to restore it from a backup.';

export const NOT_WHOLE =
  'It was not copied whole, or not byte for byte (a copy in text mode changes the ends of lines). Copy or export it again.';
