import { StreamNotLoaded } from './transaction.js';

/** Groups that are decided in one turn of the event loop; then other work has a turn, and the decided groups are being written. */
const DECIDED_IN_A_TURN = 100;

type Slot<Group> = { readonly state: 'done' } | { readonly state: 'waiting'; readonly group: Group };

/** What a sequence needs of the ledger. */
export interface SequenceSteps<Group> {
  /** Set until the group may be decided; resolves to false when it has been answered instead. Never rejects. */
  preparing(group: Group): Promise<boolean> | undefined;
  /** Decides a group and passes it on. @throws StreamNotLoaded, and nothing else: another error is the answer of its command. */
  decide(group: Group): void;
  /** Finds out which stream a decision would ask for, and does nothing else. @throws StreamNotLoaded */
  probe(group: Group): void;
  /** False when the stream cannot be read; then the command has an answer already. Never rejects. */
  load(group: Group, missing: StreamNotLoaded): Promise<boolean>;
}

/**
 * Groups that are decided in their order: each decision sees the results of the groups before it, also when a group waits for a stream
 * that is not in memory. The streams of the next groups are loaded meanwhile, so that a thousand commands do not wait a thousand times.
 */
export class Sequence<Group> {
  private slots: Slot<Group>[] = [];
  private readonly indexOf = new Map<Group, number>();
  /** Everything before this index is done. */
  private next = 0;
  private isRunning = false;
  /** Groups whose streams are in memory, as far as a probe could see. */
  private readonly ready = new Set<Group>();

  constructor(private readonly steps: SequenceSteps<Group>) {}

  /** Begins to decide the groups. Call it once. */
  start(groups: readonly Group[]): void {
    this.slots = groups.map((group) => ({ state: 'waiting', group }));
    for (const [index, group] of groups.entries()) this.indexOf.set(group, index);
    this.schedule();
  }

  /** Decides a group again, before the later groups that still wait: the states of its decision have changed. */
  again(group: Group): void {
    const index = this.indexOf.get(group);
    if (index === undefined) throw new Error('Only a group of this sequence can be decided again.');
    this.slots[index] = { state: 'waiting', group };
    this.next = Math.min(this.next, index);
    this.schedule();
  }

  private schedule(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    // In a turn of its own: `again` is called for one group at a time, and no group may overtake another.
    setImmediate(() => void this.run());
  }

  private async run(): Promise<void> {
    let decided = 0;
    for (;;) {
      const slot = this.slots[this.next];
      const preparing = slot?.state === 'waiting' ? this.steps.preparing(slot.group) : undefined;
      if (slot?.state === 'done') this.next += 1;
      else if (slot?.state !== 'waiting') break;
      else if (preparing) await this.waitFor(this.next, preparing);
      else if (!this.decide(slot.group)) await this.loadAhead();
      else if ((decided += 1) % DECIDED_IN_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    this.isRunning = false;
  }

  private async waitFor(index: number, preparing: Promise<boolean>): Promise<void> {
    if (!(await preparing)) this.slots[index] = { state: 'done' };
  }

  /** True when the group has been decided or answered; it may be `waiting` again by then. */
  private decide(group: Group): boolean {
    const index = this.next;
    try {
      this.slots[index] = { state: 'done' };
      this.steps.decide(group);
      return true;
    } catch (error) {
      if (!(error instanceof StreamNotLoaded)) throw error;
      this.slots[index] = { state: 'waiting', group };
      return false;
    }
  }

  /** Loads the streams that the next groups ask for, all concurrently. */
  private async loadAhead(): Promise<void> {
    const loads: Promise<void>[] = [];
    for (let index = this.next; index < this.slots.length; index += 1) {
      const slot = this.slots[index];
      if (slot?.state !== 'waiting' || this.ready.has(slot.group) || this.steps.preparing(slot.group)) continue;
      const missing = this.missingFor(slot.group);
      if (missing) loads.push(this.load(index, slot.group, missing));
      else this.ready.add(slot.group);
    }
    // Probe the next group again: its earlier probe may be out of date.
    const slot = this.slots[this.next];
    if (slot?.state === 'waiting') this.ready.delete(slot.group);
    await Promise.all(loads);
  }

  private async load(index: number, group: Group, missing: StreamNotLoaded): Promise<void> {
    if (!(await this.steps.load(group, missing))) this.slots[index] = { state: 'done' };
  }

  private missingFor(group: Group): StreamNotLoaded | undefined {
    try {
      this.steps.probe(group);
      return undefined;
    } catch (error) {
      if (error instanceof StreamNotLoaded) return error;
      throw error;
    }
  }
}
