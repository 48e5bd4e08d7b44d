import { networkOf } from '../platform/network.js';

/** Bodies that are read at a time. */
const PLACES_MAX = 64;
/** Of these, by one sender. A log submits one request at a time. */
const PLACES_PER_SENDER_MAX = 8;
/** A checkpoint with its proof is some kilobytes. */
const BODY_MS_MAX = 5_000;

interface Place {
  readonly sender: string;
  readonly giveUp: () => void;
}

/**
 * Places for bodies that are being read. Nobody is turned away: if the places are taken, the sender who has needed longest loses its own,
 * among those of its address first. An honest body arrives within milliseconds, so that slow senders only push each other out.
 */
export class BodyPlaces {
  /** In the order in which they were taken. */
  private readonly taken = new Set<Place>();

  /** @param giveUp ends the reading: another sender needs the place, or the time is over. @returns frees the place */
  take(address: string | undefined, giveUp: () => void): () => void {
    const sender = networkOf(address ?? '');
    const own = [...this.taken].filter((place) => place.sender === sender);
    const [slowest] = own.length >= PLACES_PER_SENDER_MAX ? own : this.taken.size >= PLACES_MAX ? this.taken : [];
    slowest?.giveUp();
    const free = (): void => {
      clearTimeout(timer);
      this.taken.delete(place);
    };
    const place: Place = {
      sender,
      giveUp: () => {
        free();
        giveUp();
      },
    };
    const timer = setTimeout(place.giveUp, BODY_MS_MAX);
    this.taken.add(place);
    return free;
  }
}
