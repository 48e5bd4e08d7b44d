import { AGGREGATES } from './aggregates.js';
import { computeProjection } from './compute/facility.projection.js';
import { accessPoolProjection } from './compute/access-pool.projection.js';
import { yearlySubmissionProjection } from './compute/yearly-submission.projection.js';
import { accessProjection } from './access/access.projection.js';
import { capitalProjection } from './capital/capital.projection.js';
import { policyProjection } from './governance/policy.projection.js';
import { partnerProjection } from './partners/partner.projection.js';
import { apiKeyProjection } from './identity/api-key.projection.js';
import { eventsProjection } from './ledger/projector/events.projection.js';
import type { Projection } from './ledger/projector/projection.js';
import { erasureProjection } from './erasure/erasure.projection.js';
import { attestationProjection } from './transparency/attestation/attestation.projection.js';
import { publicationProjection } from './transparency/publication/report-publication.projection.js';

/** Every projection of the features; the projector follows the log for all of them. */
export const PROJECTIONS = [
  partnerProjection,
  capitalProjection,
  accessProjection,
  computeProjection,
  accessPoolProjection,
  yearlySubmissionProjection,
  policyProjection,
  publicationProjection,
  attestationProjection,
  erasureProjection,
  apiKeyProjection,
];

/** Every projection, as the service runs it. */
export const SERVED: readonly Projection[] = [eventsProjection(AGGREGATES), ...PROJECTIONS];

/** Every projection that can be rebuilt, with the projection of the ledger itself, whose events do not matter here. */
export const REBUILDABLE: readonly Projection[] = [eventsProjection([]), ...PROJECTIONS];
