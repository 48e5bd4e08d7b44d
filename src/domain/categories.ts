// Published reports of method 1.0 depend on this file: before a change, copy the old behaviour into `transparency/method-1`.

/**
 * Categories of the report on equal access. The tests for each are in GBER Art. 22, Recommendation 2003/361 and DMA
 * Art. 3.
 */
export const CATEGORIES = [
  'start-up',
  'sme',
  'scale-up',
  'research',
  'public-body',
  'large-enterprise',
  'tech-giant',
] as const;
export type Category = (typeof CATEGORIES)[number];
