import { IdParams } from '../http/validation.js';
import { fundingOf } from '../compute/contribution.js';
import { facility } from '../compute/facility.js';
import { ledgerCommand } from '../ledger/ledger-command.js';
import { contributionRulesAt } from './contribution-policies.js';
import { defineTranche, establish, reachFinancialClose } from './fund.decisions.js';
import { DefineTrancheDto, EstablishFundDto, ReachFinancialCloseDto } from './fund.dto.js';
import { existingFund, fund } from './fund.js';

export const EstablishFund = ledgerCommand(
  { body: EstablishFundDto, refusals: ['amount-not-positive'] },
  (tx, { body }) => {
    const id = tx.newId();
    tx.create(fund, id);
    tx.append(fund, id, establish(body));
  },
);

export const DefineTranche = ledgerCommand(
  {
    params: IdParams,
    body: DefineTrancheDto,
    refusals: [
      'amount-not-positive',
      'caps-exceed-target',
      'layers-settled',
      'rank-contradicts-kind',
      'rank-out-of-range',
      'rank-taken',
      'stale-revision',
      'unknown-fund',
    ],
  },
  (tx, { id, body }) => {
    const trancheId = tx.newId('tranche');
    tx.append(fund, id, defineTranche(tx.target(fund, id), trancheId, body));
    return { trancheId };
  },
);

export const ReachFinancialClose = ledgerCommand(
  {
    params: IdParams,
    body: ReachFinancialCloseDto,
    refusals: [
      'capex-unknown',
      'date-in-future',
      'facility-missing',
      'financial-close-reached-already',
      'nothing-signed',
      'stale-revision',
      'states-below-union',
      'union-ceiling-exceeded',
      'unknown-facility',
      'unknown-fund',
    ],
  },
  (tx, { id, body }) => {
    const current = existingFund(tx.target(fund, id));
    const rules = contributionRulesAt(tx);
    const facilities = current.facilityIds.map((one) => fundingOf(tx.existing(facility, one), one, rules));
    tx.append(fund, id, reachFinancialClose(current, facilities, body, tx.now, rules));
  },
);
