import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AttestedReports, type AttestedFacts } from '../events/attestation.js';
import { REPORT_KINDS } from '../events/publication.js';
import { Reports } from '../states/reports.service.js';

/** The reports that are served, by their hashes. */
@Injectable()
export class ServedReports extends AttestedReports {
  constructor(private readonly served: Reports) {
    super();
  }

  async asOf(position: number): Promise<Pick<AttestedFacts, 'root' | 'methodVersion' | 'reports'>> {
    const { method } = this.served;
    const reports: AttestedFacts['reports'][number][] = [];
    for (const kind of REPORT_KINDS) {
      const { body: text } = await this.served.answer(
        { asOfPosition: position },
        { name: `attested ${kind}`, render: (state, root) => method.text(state, root, { kind }) },
      );
      const sha256 = createHash('sha256').update(text).digest('hex');
      reports.push({ kind, byteCount: Buffer.byteLength(text), sha256 });
    }
    const root = Buffer.from(await this.served.rootAt(position)).toString('base64');
    return { root, methodVersion: method.version, reports };
  }
}
