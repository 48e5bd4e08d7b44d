/** A bounded number of places, of which no holder gets all. */
export class Places {
  private readonly byHolder = new Map<string, number>();
  private taken = 0;

  /**
   * @param all places
   * @param each places of one holder
   */
  constructor(
    private readonly all: number,
    private readonly each: number,
  ) {}

  /** Why a holder gets no place now; undefined while there is one. */
  obstacle(holder: string): 'all' | 'own' | undefined {
    if ((this.byHolder.get(holder) ?? 0) >= this.each) return 'own';
    return this.taken >= this.all ? 'all' : undefined;
  }

  /**
   * Takes a place, which must be there.
   * @returns gives the place back; a second call does nothing.
   */
  take(holder: string): () => void {
    this.taken += 1;
    this.byHolder.set(holder, (this.byHolder.get(holder) ?? 0) + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.taken -= 1;
      const left = (this.byHolder.get(holder) ?? 1) - 1;
      if (left > 0) this.byHolder.set(holder, left);
      else this.byHolder.delete(holder);
    };
  }
}
