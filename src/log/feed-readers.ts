import { Refusal } from '../ledger/refusal.js';

/** Readers of one instance. Each holds a connection and one page of events. */
export const READERS_MAX = 500;
/** Readers without a credential: the other places are for those with one. */
export const STRANGERS_MAX = 400;
/** Readers of one holder: one address, or one credential, leaves four fifths of the places to others. */
export const READERS_PER_HOLDER_MAX = 100;

/** The places of the readers that follow the history. They are counted for each holder and in all. */
export class FeedReaders {
  private readonly byHolder = new Map<string, number>();
  private readers = 0;
  private strangers = 0;

  /**
   * Takes a place.
   * @param isStranger has no credential
   * @returns gives the place back; call it once.
   * @throws Refusal `too-many-own-readers` (429), `too-many-readers` (503).
   */
  enter(holder: string, { isStranger }: { readonly isStranger: boolean }): () => void {
    const own = this.byHolder.get(holder) ?? 0;
    if (own >= READERS_PER_HOLDER_MAX) {
      throw new Refusal(
        'rate-limited',
        'too-many-own-readers',
        `One address or credential follows the history with up to ${READERS_PER_HOLDER_MAX} readers. End one of them.`,
        { limit: READERS_PER_HOLDER_MAX },
      );
    }
    if (this.readers >= READERS_MAX || (isStranger && this.strangers >= STRANGERS_MAX)) {
      throw new Refusal(
        'unavailable',
        'too-many-readers',
        isStranger
          ? `As many readers follow the history as this instance serves; without a credential, at most ${STRANGERS_MAX}.`
          : 'As many readers follow the history as this instance serves.',
        { limit: isStranger ? STRANGERS_MAX : READERS_MAX },
      );
    }
    const asStranger = isStranger ? 1 : 0;
    this.readers += 1;
    this.strangers += asStranger;
    this.byHolder.set(holder, own + 1);
    return () => {
      this.readers -= 1;
      this.strangers -= asStranger;
      const left = (this.byHolder.get(holder) ?? 1) - 1;
      if (left > 0) this.byHolder.set(holder, left);
      else this.byHolder.delete(holder);
    };
  }
}
