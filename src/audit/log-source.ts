/** Where a log is read from. Nothing that it gives is to be believed before it was checked. */
export interface LogSource {
  /** As the auditor named it. */
  readonly name: string;
  /** How many reads may be under way at once: bounds what is held in memory. */
  readonly readsMax: number;
  /**
   * The bytes at a path below the prefix of the log, e.g. `checkpoint` or `tile/0/000`; undefined if there is nothing.
   * @throws NotCheckable when it cannot be said whether there is
   */
  read(path: string): Promise<Uint8Array | undefined>;
  /** What the source holds beside the log, as far as that is known: it is not checked. */
  readonly others: readonly string[];
  close(): Promise<void>;
}

/** A full bundle of the longest entries (256 times 65,535 bytes and their lengths): nothing of a log is larger. */
export const ARTEFACT_BYTES_MAX = 256 * (65_535 + 2);
