import { createInterface } from 'node:readline';
import { classifyPartner, registerPartner, type RegisterPartnerInput } from '../../src/partners/partner.decisions.js';
import { partnerProjection } from '../../src/partners/partner.projection.js';
import { partner, type Classification } from '../../src/partners/partner.js';
import type { Decide } from '../../src/ledger/command-group.js';
import { Refusal } from '../../src/ledger/refusal.js';
import { contextOf } from '../ledger/accounts.js';
import { openInstance } from '../ledger/instance.js';

/** One line of input: a command. Once it is durable, the answer is a line of output with a full stop at its end. */
export interface Order {
  readonly key: string;
  /** The partner to classify; a new one is registered without it. */
  readonly id?: string;
  readonly body: object;
}
export interface Reply {
  readonly key: string;
  readonly answer?: { readonly id: string; readonly revision: number; readonly position: number };
  readonly code?: string;
}

// A process that a test kills: the write side and the projector.
const [databaseUrl = ''] = process.argv.slice(2);
const { ledger, projector } = openInstance(databaseUrl, { aggregates: [partner], projections: [partnerProjection] });
await projector.start();

const decisionOn =
  ({ id, body }: Order): Decide =>
  (tx) => {
    if (id === undefined) {
      tx.create(partner, tx.newId());
      tx.append(partner, tx.newId(), registerPartner(body as RegisterPartnerInput, tx.now));
    } else tx.append(partner, id, classifyPartner(tx.target(partner, id), body as Classification, tx.now));
  };

async function carryOut(order: Order): Promise<Reply> {
  const { key } = order;
  try {
    const { replayed: _, ...answer } = await ledger.execute(contextOf(key), decisionOn(order));
    return { key, answer };
  } catch (error) {
    return { key, code: error instanceof Refusal ? error.code : String(error) };
  }
}

createInterface(process.stdin).on('line', (line) => {
  void carryOut(JSON.parse(line) as Order).then((reply) => process.stdout.write(`${JSON.stringify(reply)}.\n`));
});
