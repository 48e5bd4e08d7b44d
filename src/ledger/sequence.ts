import { StreamNotLoaded } from './transaction.js';

/** Commands that are decided in one turn of the event loop; then others have theirs, and what was decided is on its way. */
const DECIDED_IN_A_TURN = 100;

type Slot<Job> = { readonly state: 'awaited' | 'done' } | { readonly state: 'waiting'; readonly job: Job };

/** What a sequence needs of the ledger. */
export interface SequenceSteps<Job> {
  /** Decides a command and passes it on. @throws StreamNotLoaded, and nothing else: other errors are the command's answer. */
  decide(job: Job): void;
  /** Only finds out what a decision would ask for. @throws StreamNotLoaded */
  probe(job: Job): void;
  /** False when the stream cannot be had, and its command has been answered so. Never rejects. */
  load(job: Job, missing: StreamNotLoaded): Promise<boolean>;
}

/**
 * Commands that are decided in their order: each sees what those before it decided, also when they have to wait for streams that
 * are not in memory. What those behind will ask for is loaded meanwhile, so that a thousand commands do not wait a thousand times.
 */
export class Sequence<Job> {
  private readonly slots: Slot<Job>[];
  private readonly places = new Map<Job, number>();
  /** Everything before it is done. */
  private next = 0;
  private isRunning = false;
  /** Commands whose streams are in memory, as far as could be seen. */
  private readonly ready = new Set<Job>();

  constructor(
    count: number,
    private readonly steps: SequenceSteps<Job>,
  ) {
    this.slots = Array.from({ length: count }, () => ({ state: 'awaited' }));
  }

  /** A command has come; it is decided when all before it are. */
  come(place: number, job: Job): void {
    this.places.set(job, place);
    this.slots[place] = { state: 'waiting', job };
    this.start();
  }

  /** The command of this place will not come, or need not be decided. */
  skip(place: number): void {
    if (this.slots[place]?.state !== 'awaited') return;
    this.slots[place] = { state: 'done' };
    this.start();
  }

  /** What a command was decided on has changed: it is decided again before those that are still behind it. */
  again(job: Job): void {
    const place = this.places.get(job);
    if (place === undefined) throw new Error('Only what has come can be decided again.');
    this.slots[place] = { state: 'waiting', job };
    this.next = Math.min(this.next, place);
    this.start();
  }

  private start(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    // In a turn of its own: several that are to be decided again are told one by one, and none may overtake another.
    setImmediate(() => void this.run());
  }

  private async run(): Promise<void> {
    let decided = 0;
    for (;;) {
      const slot = this.slots[this.next];
      if (slot?.state === 'done') this.next += 1;
      else if (slot?.state !== 'waiting') break;
      else if (!this.decide(slot.job)) await this.loadAhead();
      else if ((decided += 1) % DECIDED_IN_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    this.isRunning = false;
  }

  /** True when it has been decided or answered; it may be `waiting` again by then. */
  private decide(job: Job): boolean {
    const place = this.next;
    try {
      this.slots[place] = { state: 'done' };
      this.steps.decide(job);
      return true;
    } catch (error) {
      if (!(error instanceof StreamNotLoaded)) throw error;
      this.slots[place] = { state: 'waiting', job };
      return false;
    }
  }

  /** Loads what the next commands ask for, all at once. */
  private async loadAhead(): Promise<void> {
    const loads: Promise<void>[] = [];
    for (let place = this.next; place < this.slots.length; place += 1) {
      const slot = this.slots[place];
      if (slot?.state !== 'waiting' || this.ready.has(slot.job)) continue;
      const missing = this.missingFor(slot.job);
      if (missing) loads.push(this.load(place, slot.job, missing));
      else this.ready.add(slot.job);
    }
    // The one that is next has to ask again, whatever it was thought to need.
    const slot = this.slots[this.next];
    if (slot?.state === 'waiting') this.ready.delete(slot.job);
    await Promise.all(loads);
  }

  private async load(place: number, job: Job, missing: StreamNotLoaded): Promise<void> {
    if (!(await this.steps.load(job, missing))) this.slots[place] = { state: 'done' };
  }

  private missingFor(job: Job): StreamNotLoaded | undefined {
    try {
      this.steps.probe(job);
      return undefined;
    } catch (error) {
      if (error instanceof StreamNotLoaded) return error;
      throw error;
    }
  }
}
