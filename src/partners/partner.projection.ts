import type { RecordedEvent } from '../ledger/event.js';
import { eventTypesOf, idOf, unknownEvent } from '../ledger/aggregate.js';
import type { Projection, Rows } from '../ledger/projector/projection.js';
import { decided, type Timeline } from '../domain/timeline.js';
import {
  partner,
  partnerKindOf,
  type Classification,
  type Holding,
  type Acquisition,
  type PartnerEvent,
} from './partner.js';

/** The shares in a partner as its row keeps them: for every holder, dated changes. */
export type AffiliationEntry = { readonly otherPartnerId: string } & (
  Holding | { readonly kind: 'ended'; readonly effectiveFrom: string }
);

export const partnerProjection: Projection = {
  name: 'partners',
  version: 2,
  tables: ['partners'],
  types: eventTypesOf(partner),
  touches: ({ stream }) => [{ table: 'partners', id: idOf(stream, partner.name) }],
  apply,
};

function apply(recorded: RecordedEvent, rows: Rows): void {
  const id = idOf(recorded.stream, partner.name);
  const { revision } = recorded;
  const event = recorded as unknown as PartnerEvent;
  switch (event.type) {
    case 'partner-registered':
      rows.put('partners', id, registered(recorded, event.data));
      return;
    case 'partner-classified': {
      const { classifications } = rows.need('partners', id);
      const changed = decided(classifications as Timeline<Classification>, event.data);
      rows.patch('partners', id, { revision, classifications: changed });
      return;
    }
    case 'affiliation-recorded':
      rows.patch('partners', id, { revision, affiliations: withAffiliation(rows, id, event.data) });
      return;
    case 'affiliation-ended':
      rows.patch('partners', id, {
        revision,
        affiliations: withAffiliation(rows, id, { kind: 'ended', ...event.data }),
      });
      return;
    case 'partner-acquired': {
      const { acquisitions } = rows.need('partners', id);
      rows.patch('partners', id, {
        revision,
        acquisitions: decided(acquisitions as Timeline<Acquisition>, event.data),
      });
      return;
    }
    default:
      unknownEvent('partner', event);
  }
}

function registered(
  recorded: RecordedEvent,
  data: Extract<PartnerEvent, { type: 'partner-registered' }>['data'],
): object & Record<string, unknown> {
  return {
    created_position: recorded.position,
    revision: recorded.revision,
    legal_name: data.legalName,
    country: data.country,
    legal_form: data.legalForm,
    partner_kind: partnerKindOf(data.legalForm),
    lei: data.lei ?? null,
    registered_on: data.registeredOn ?? null,
    classifications: [],
    affiliations: [],
    acquisitions: [],
    source: data.source ?? null,
    illustrative: data.illustrative ?? false,
  };
}

/** Changes the timeline of one holder and leaves the timelines of the others. */
function withAffiliation(rows: Rows, id: string, change: AffiliationEntry): readonly AffiliationEntry[] {
  const entries = rows.need('partners', id)['affiliations'] as readonly AffiliationEntry[];
  const own = entries.filter((entry) => entry.otherPartnerId === change.otherPartnerId);
  const others = entries.filter((entry) => entry.otherPartnerId !== change.otherPartnerId);
  return [...others, ...decided(own, change)];
}
