import fc from 'fast-check';

/** Random histories of up to 120 steps; see `randomHistory`. */
export const stories = fc.array(
  fc.record({ step: fc.nat(17), which: fc.nat(30), size: fc.nat(60), hours: fc.nat(60) }),
  { maxLength: 120 },
);
