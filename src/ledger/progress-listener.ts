/** Receives the progress of a long reading of the history, in entries. */
export interface ProgressListener {
  /** Called once, with the number of entries to read. */
  begin(entries: number): void;
  /** Called after a batch, with the number of entries read so far. */
  reached(entries: number): void;
  end(): void;
}
