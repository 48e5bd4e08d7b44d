import type { Writable } from 'node:stream';
import { codeOf } from '../platform/startup-error.js';

/**
 * Standard output or standard error of this process. After a write that failed, nothing more is written: a command that changes
 * something goes on to its end although its reader has gone, and `dispatch` reports the failure when the command has ended.
 */
export class Output {
  private failed: Error | undefined;

  constructor(private readonly stream: Writable & { readonly isTTY?: boolean }) {
    // Without a listener, Node ends the process with a stack trace and status 1.
    stream.on('error', (error) => void (this.failed ??= error));
  }

  get isTTY(): boolean {
    return this.stream.isTTY === true;
  }

  write(text: string): void {
    if (this.failed === undefined) this.stream.write(text, (error) => void (this.failed ??= error ?? undefined));
  }

  /** Waits until everything is written. Resolves with the error of the first write that failed. */
  async failure(): Promise<Error | undefined> {
    if (this.failed === undefined) await new Promise<void>((resolve) => this.stream.write('', () => resolve()));
    return this.failed;
  }
}

/** True if the reader of a pipe or socket has gone, as `head` does when it has read enough. */
export const isClosedPipe = (error: unknown): boolean => ['EPIPE', 'ECONNRESET'].includes(codeOf(error) ?? '');

const NO_ROOM: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** True if a file could not be written because the disk, or what its owner allows, is full. */
export const isNoRoom = (error: unknown): boolean => NO_ROOM.has(codeOf(error) ?? '');
