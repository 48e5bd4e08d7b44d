/** A backup cannot be made, or not be restored: nothing was written. The message names the cause and the next step. */
export class BackupFailure extends Error {
  override readonly name = 'BackupFailure';
}
