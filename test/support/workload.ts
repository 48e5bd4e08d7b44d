/** A job of a trace, in whole seconds from the start of the trace. */
export interface Job {
  readonly startS: number;
  readonly runS: number;
  readonly processors: number;
}

const MONTH_S = 30 * 24 * 3_600;
const SEED = 12_020_116;

/**
 * Jobs like those of a log in Standard Workload Format: many short ones, few long ones, processors in powers of two, bursts at whole
 * hours, over a month. 18,000 of them need about twice the capacity of 4,096 processors.
 */
export function generatedTrace(jobs: number): Job[] {
  let random = SEED;
  const below = (limit: number): number => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((random / 2 ** 32) * limit);
  };
  return Array.from({ length: jobs }, () => {
    const burst = below(4) === 0;
    const startS = burst ? below(MONTH_S / 3_600) * 3_600 : below(MONTH_S);
    const runS = 1 + below(60 * 10 ** below(4));
    return { startS, runS, processors: 2 ** below(12) };
  });
}

/**
 * Reads a log in Standard Workload Format (Feitelson's Parallel Workloads Archive). A line is a job in 18 fields: the second is the
 * submit time, the third the wait, the fourth the run time, the fifth the allocated processors, the eighth the requested processors.
 * -1 is unknown. Lines that begin with ";" are comments. Jobs that never ran are left out.
 * @throws Error that names the line when a line is not of this format.
 */
export function readWorkload(text: string): Job[] {
  const jobs: Job[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(;|$)/.test(line)) continue;
    const fields = line.trim().split(/\s+/).map(Number);
    if (fields.length !== 18 || fields.some(Number.isNaN)) throw new Error(`Line ${index + 1} has not 18 numbers.`);
    const [, submitS = -1, waitS = -1, runS = -1, allocated = -1, , , requested = -1] = fields;
    const processors = allocated > 0 ? allocated : requested;
    if (submitS < 0 || runS <= 0 || processors <= 0) continue;
    jobs.push({ startS: Math.round(submitS + Math.max(0, waitS)), runS: Math.max(1, Math.round(runS)), processors });
  }
  return jobs;
}

/** The text of a log of these jobs. */
export function writeWorkload(jobs: readonly Job[]): string {
  const lines = jobs.map(
    ({ startS, runS, processors }, index) =>
      `${index + 1} ${startS} 0 ${runS} ${processors} -1 -1 ${processors} -1 -1 1 -1 -1 -1 -1 -1 -1 -1`,
  );
  return ['; Version: 2.2', `; MaxJobs: ${jobs.length}`, ...lines, ''].join('\n');
}

interface Segment {
  readonly fromS: number;
  used: number;
}

/**
 * Which jobs fit, first come, first served, on a plain list of segments of equal use: no tree, no prefix sums, no categories.
 */
export function sweep(jobs: readonly Job[], processorsInstalled: number): boolean[] {
  const segments: Segment[] = [{ fromS: 0, used: 0 }];
  return jobs.map(({ startS, runS, processors }) => {
    const first = cutAt(segments, startS);
    const inside = segments.slice(first, cutAt(segments, startS + runS));
    const fits = inside.every(({ used }) => used + processors <= processorsInstalled);
    if (fits) for (const segment of inside) segment.used += processors;
    return fits;
  });
}

/** Makes a segment start at this second, if none does, and returns its index. */
function cutAt(segments: Segment[], atS: number): number {
  let [low, high] = [0, segments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((segments[middle]?.fromS ?? 0) < atS) low = middle + 1;
    else high = middle;
  }
  if (segments[low]?.fromS !== atS) segments.splice(low, 0, { fromS: atS, used: segments[low - 1]?.used ?? 0 });
  return low;
}
