/** The place that a log is read from. Nothing that it returns is trusted before it is checked. */
export interface LogSource {
  /** The name that the auditor gave. */
  readonly name: string;
  /** Most concurrent reads: bounds the memory. */
  readonly readsMax: number;
  /**
   * The bytes at a path below the prefix of the log, e.g. `checkpoint` or `tile/0/000`; undefined if there is nothing.
   * @throws NotCheckable when it is unknown whether the path exists
   */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Other files of the source, as far as they are known. They are not checked. */
  readonly others: readonly string[];
  close(): Promise<void>;
}

/** A full bundle of the longest entries (256 times 65,535 bytes and their lengths): no artefact of a log is larger. */
export const ARTEFACT_BYTES_MAX = 256 * (65_535 + 2);
