import { IdParams } from '../http/validation.js';
import { ledgerCommand } from '../ledger/ledger-command.js';
import type { Transaction } from '../ledger/transaction.js';
import { ancestorsFrom } from './ownership.js';
import {
  acquirePartner,
  classifyPartner,
  endAffiliation,
  recordAffiliation,
  registerPartner,
} from './partner.decisions.js';
import {
  ClassifyPartnerDto,
  EndAffiliationDto,
  RecordAcquisitionDto,
  RecordAffiliationDto,
  RegisterPartnerDto,
} from './partner.dto.js';
import { partner } from './partner.js';

const TARGET = ['stale-revision', 'unknown-partner'] as const;

export const RegisterPartner = ledgerCommand(
  {
    body: RegisterPartnerDto,
    refusals: ['lei-check-digits', 'member-state-outside-union', 'registered-in-the-future'],
  },
  (tx, { body }) => {
    const id = tx.newId();
    tx.create(partner, id);
    tx.append(partner, id, registerPartner(body, tx.now));
  },
);

export const ClassifyPartner = ledgerCommand(
  {
    params: IdParams,
    body: ClassifyPartnerDto,
    refusals: [
      ...TARGET,
      'category-contradicts-legal-form',
      'classification-before-latest',
      'evidence-missing',
      'start-up-too-old',
      'too-many-decisions',
    ],
  },
  (tx, { id, body }) => {
    tx.append(partner, id, classifyPartner(tx.target(partner, id), body, tx.now));
  },
);

export const RecordAffiliation = ledgerCommand(
  {
    params: IdParams,
    body: RecordAffiliationDto,
    refusals: [
      ...TARGET,
      'affiliation-before-latest',
      'affiliation-kind-mismatch',
      'affiliation-with-itself',
      'holdings-above-hundred',
      'ownership-cycle',
      'ownership-too-wide',
      'too-many-decisions',
    ],
  },
  (tx, { id, body }) => {
    const owned = tx.target(partner, id);
    const above = ownersAbove(tx, body.otherPartnerId, body.effectiveFrom);
    tx.append(partner, id, recordAffiliation(owned, id, body, above, tx.now));
  },
);

export const EndAffiliation = ledgerCommand(
  {
    params: IdParams,
    body: EndAffiliationDto,
    refusals: [...TARGET, 'affiliation-before-latest', 'affiliation-not-in-force', 'too-many-decisions'],
  },
  (tx, { id, body }) => {
    tx.append(partner, id, endAffiliation(tx.target(partner, id), body, tx.now));
  },
);

export const RecordAcquisition = ledgerCommand(
  {
    params: IdParams,
    body: RecordAcquisitionDto,
    refusals: [
      ...TARGET,
      'acquired-by-itself',
      'acquisition-before-latest',
      'ownership-cycle',
      'ownership-too-wide',
      'too-many-decisions',
    ],
  },
  (tx, { id, body }) => {
    const acquired = tx.target(partner, id);
    const above = ownersAbove(tx, body.acquirerId, body.effectiveFrom);
    tx.append(partner, id, acquirePartner(acquired, id, body, above, tx.now));
  },
);

/** All partners above a new owner, which must exist. If the owned partner is among them, ownership would be a circle. */
function ownersAbove(tx: Transaction, ownerId: string, from: string): readonly string[] {
  tx.existing(partner, ownerId);
  return ancestorsFrom(ownerId, from, (id) => tx.get(partner, id));
}
