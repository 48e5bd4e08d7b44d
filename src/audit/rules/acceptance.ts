import { CLOCKS_APART_MS_MAX } from './clocks.js';
import type { Facts } from './rule.js';

const POLICY = 'signature-acceptance';

/** When the policy `signature-acceptance` required that the operator accepts what a partner signs. */
export class AcceptanceRequired {
  private readonly versions: { readonly fromMs: number; readonly isRequired: boolean }[] = [];

  adopted(facts: Facts): void {
    if (facts.text('policy') !== POLICY) return;
    const fromMs = facts.instant('effectiveFrom');
    // A version that is not in force yet gives way to one that begins earlier or at the same time.
    while ((this.versions.at(-1)?.fromMs ?? -Infinity) >= fromMs) this.versions.pop();
    this.versions.push({ fromMs, isRequired: facts.data['value'] === 'required' });
  }

  /** True if it was required whatever the clock of the decision showed. */
  at(recordedAt: string): boolean {
    const atMs = Date.parse(recordedAt);
    return this.isRequiredAt(atMs) && this.isRequiredAt(atMs - CLOCKS_APART_MS_MAX);
  }

  private isRequiredAt(atMs: number): boolean {
    return this.versions.findLast(({ fromMs }) => fromMs <= atMs)?.isRequired ?? false;
  }
}
