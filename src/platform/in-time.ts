/**
 * A probe waits for one second if its caller does not say otherwise (Kubernetes). An answer that depends on the database is given long
 * before, with or without the database, so that a busy machine can still send it in time.
 */
export const PROBE_MS_MAX = 500;

/** The result of work, or undefined if it is not there after `ms`. The work goes on, and its later failure is ignored. */
export async function inTime<Result>(work: Promise<Result>, ms = PROBE_MS_MAX): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
