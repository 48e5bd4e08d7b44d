/** A table whose rows the events do not give. */
export interface BackupTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** Columns that order the rows. */
  readonly key: readonly string[];
  /** Rows of one read: bounds the memory. An answer may be as long as a request. */
  readonly rowsPerRead: number;
  /** True for a table that only the copy of a ledger on KurrentDB uses. */
  readonly isOfKurrent?: true;
}

/**
 * Everything that a ledger keeps beside its events and cannot derive from them, in an order that satisfies the foreign keys.
 * A row of `sequenced` closes the head of the ledger for everybody but the sequencer, so that it is the last.
 */
export const BACKUP_TABLES = [
  {
    name: 'commands',
    columns: ['command_id', 'fingerprint', 'position', 'recorded_at', 'outcome', 'digest'],
    key: ['command_id'],
    rowsPerRead: 500,
  },
  {
    name: 'batch_checks',
    columns: ['batch', 'kind', 'first_position', 'event_count', 'recorded_at', 'command_ids', 'check_value'],
    key: ['batch'],
    rowsPerRead: 200,
  },
  { name: 'content_keys', columns: ['event_id', 'subject', 'wrapped_key'], key: ['event_id'], rowsPerRead: 500 },
  { name: 'sealed_contents', columns: ['event_id', 'ciphertext'], key: ['event_id'], rowsPerRead: 100 },
  { name: 'log_checkpoints', columns: ['size', 'root', 'note', 'witnessed'], key: ['size'], rowsPerRead: 1_000 },
  // How far a witness is follows from its answers; it is asked again after a restore.
  { name: 'log_witnesses', columns: ['witness', 'size'], key: ['witness'], rowsPerRead: 1_000 },
  { name: 'log_cosignatures', columns: ['size', 'witness', 'line'], key: ['size', 'witness'], rowsPerRead: 1_000 },
  { name: 'report_texts', columns: ['sha256', 'text_id', 'byte_count'], key: ['sha256'], rowsPerRead: 1_000 },
  { name: 'report_text_parts', columns: ['text_id', 'part', 'bytes'], key: ['text_id', 'part'], rowsPerRead: 8 },
  {
    name: 'staged_contents',
    columns: ['batch', 'event_id', 'subject', 'wrapped_key', 'ciphertext', 'staged_at'],
    key: ['batch', 'event_id'],
    rowsPerRead: 100,
    isOfKurrent: true,
  },
  {
    name: 'sequenced_batches',
    columns: ['batch', 'turn', 'first_position', 'recorded_at'],
    key: ['batch'],
    rowsPerRead: 1_000,
    isOfKurrent: true,
  },
  {
    name: 'sequenced',
    columns: ['ledger', 'turn', 'batch', 'commit_position', 'prepare_position'],
    key: ['ledger'],
    rowsPerRead: 1,
    isOfKurrent: true,
  },
] as const satisfies readonly BackupTable[];

export type BackupTableName = (typeof BACKUP_TABLES)[number]['name'];

/**
 * The tables that are not in a backup as rows, with the reason. A new table belongs here, into `BACKUP_TABLES`, or to a
 * projection: a test compares all three with the schema.
 */
export const TABLES_NOT_BACKED_UP: Readonly<Record<string, string>> = {
  events: 'They are the log part of the backup, and the events after the last checkpoint.',
  ledger_head: 'It is where the events end.',
  log_head: 'It is the last checkpoint.',
  log_tiles: 'They are made again from the events, for every checkpoint.',
  log_round: 'The next round of the witnesses begins with the newest checkpoint.',
  history_checks: 'A restored ledger is checked again.',
  projections: 'The views are built again from the events.',
  projection_comparisons: 'A finding about views that are built again.',
  report_states: 'They are made again from the events.',
  schema_migrations: 'The migrations of the program that restores.',
};
