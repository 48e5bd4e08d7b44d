import { METHOD_1 } from './method-1/method.js';
import { METHOD_2 } from './method-2/method.js';
import type { ReportMethod } from './report-method.js';

/** The versions of the method that a program knows. */
export class MethodRegistry {
  /** Makes every new figure: live reports, reports as of an earlier position, new publications. */
  readonly current: ReportMethod;
  private readonly byVersion: ReadonlyMap<string, ReportMethod>;

  /** @param methods from the oldest to the current one. */
  constructor(readonly methods: readonly [...older: ReportMethod[], current: ReportMethod]) {
    this.byVersion = new Map(methods.map((method) => [method.version, method]));
    if (this.byVersion.size < methods.length) throw new Error('Two methods have the same version.');
    this.current = methods[methods.length - 1] as ReportMethod;
  }

  /** Undefined for a version that this program does not know, such as one of a newer program. */
  of(version: string): ReportMethod | undefined {
    return this.byVersion.get(version);
  }
}

/**
 * A method stays here for as long as a published report names its version: without it the report could not be made again from the
 * events. How a version is added is described in `method-1/method.ts`.
 */
export const METHODS = new MethodRegistry([METHOD_1, METHOD_2]);
