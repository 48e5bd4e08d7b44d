import { nobody, unknownType, type Aggregate, type DomainEvent } from '../../ledger/aggregate.js';
import { hash, list, object, oneOf, sha256, text, whole, type ValueOf } from '../../ledger/schema.js';
import { REPORT_KINDS } from './publication.js';

const attestedView = object({
  view: text('Name of the view.'),
  version: whole('Version of the rules that make its rows.', 1),
  position: whole('The rows reflect the events up to this position.'),
  rows: whole('Number of its rows.'),
  sha256: sha256('Digest of its rows, hex; "Digests of views" in src/audit/README.md defines it.'),
});
const attestedReport = object({
  kind: oneOf(REPORT_KINDS),
  byteCount: whole('Length of the report.'),
  sha256: sha256("Hash of the report's bytes, hex."),
});
const attested = object({
  position: whole('The lowest position of the views, and the position of the reports.', 1),
  root: hash('Merkle root over the events up to the position, base64 as in a checkpoint.'),
  methodVersion: text('The method that makes the same reports again.'),
  views: list(attestedView),
  reports: list(attestedReport),
});
export type AttestedFacts = ValueOf<typeof attested>;

export interface ReplayAttested extends DomainEvent {
  readonly type: 'replay-attested';
  readonly data: AttestedFacts;
}

export type Attestation = { readonly status: 'absent' } | ({ readonly status: 'attested' } & AttestedFacts);

/**
 * What the service attests of itself: it folded the events a second time, every row that it served was what the events give, and these are
 * the digests of the rows and of the reports.
 */
export const attestation: Aggregate<Attestation, ReplayAttested> = {
  name: 'attestation',
  initial: { status: 'absent' },
  events: {
    'replay-attested': {
      schema: 1,
      data: attested,
      concerns: nobody,
      says: ({ data }) =>
        `The events up to position ${data.position} were folded a second time: ${data.views.length} views served what they give.`,
    },
  },
  exists: (state) => state.status !== 'absent',
  evolve(_state, event) {
    const { type, data } = event;
    return type === 'replay-attested' ? { status: 'attested', ...data } : unknownType('attestation', type);
  },
};

/** The reports as of a position, by their hashes. */
export abstract class AttestedReports {
  abstract asOf(position: number): Promise<Pick<AttestedFacts, 'root' | 'methodVersion' | 'reports'>>;
}

export const attestReplay = (data: AttestedFacts): [ReplayAttested] => [{ type: 'replay-attested', data }];
