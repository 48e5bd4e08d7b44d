import { count, dimension, fields, label, measure, money, note, type Field, type Meaning } from './field.js';
import { headerColumns, headerMembers } from './header-fields.js';

const CEILING = 'Regulation (EU) 2021/1173, Art. 12b(5)';
const LAYERS = 'funds.layers';
const BY_PARTNER_KIND = [
  `${LAYERS}.committedByPartnerKind`,
  'facilities.committedByPartnerKind',
  'facilities.paidByPartnerKind',
];

const CURRENCY = dimension(
  label('Currency', 'Monnaie', 'Währung'),
  'ISO 4217. Amounts add up in one currency only.',
  'string',
  { codes: 'currencies' },
);
const FUND = dimension(label('Fund', 'Fonds', 'Fonds'), 'Id of the fund.');
const TRANCHE = dimension(label('Tranche', 'Tranche', 'Tranche'), 'Id of the tranche.');
const RANK = dimension(
  label('Rank of the tranche', 'Rang de la tranche', 'Rang der Tranche'),
  '1 takes the first loss.',
  'integer',
  { unit: 'rank' },
);
const TRANCHE_KIND = dimension(
  label('Kind of tranche', 'Type de tranche', 'Art der Tranche'),
  'Who takes losses first.',
  'string',
  { codes: 'tranche-kinds' },
);
const PARTNER_KIND = dimension(
  label('Kind of partner', 'Type de partenaire', 'Art des Partners'),
  'Whose money it is.',
  'string',
  { codes: 'partner-kinds' },
);
const REASONS = note(
  label('Reasons of missing figures', 'Motifs des valeurs manquantes', 'Gründe fehlender Werte'),
  'Why a figure is null: its name, and a reason.',
  'object',
  { codes: 'reasons' },
);
const structure = (texts: ReturnType<typeof label>, description: string, type: 'list' | 'object' = 'list'): Meaning =>
  note(texts, description, type);

const AMOUNTS: Readonly<Record<string, Meaning>> = {
  pledgedMinor: money(
    label('Pledged', 'Promis', 'Zugesagt'),
    'All pledges, whatever their outcome. An amount that an amendment adds was never pledged: only `committedMinor` counts it.',
  ),
  openPledgesMinor: money(
    label('Open pledges', 'Promesses en cours', 'Offene Zusagen'),
    'Pledged and neither signed nor withdrawn.',
  ),
  committedMinor: money(
    label('Committed', 'Engagé', 'Gebunden'),
    'Signed, plus amendments, less the amounts that cancellations released.',
  ),
  calledMinor: money(label('Called', 'Appelé', 'Abgerufen'), 'Called under signed commitments.'),
  paidMinor: money(label('Paid', 'Versé', 'Gezahlt'), 'Paid under calls.'),
  distributedMinor: money(label('Distributed', 'Distribué', 'Ausgeschüttet'), 'Paid back to the partners.'),
  recallableMinor: money(
    label('Recallable', 'Rappelable', 'Wieder abrufbar'),
    'Distributed under the condition that it may be called again.',
  ),
  unfundedMinor: money(label('Unfunded', 'Non appelé', 'Noch nicht abgerufen'), 'Signed and may still be called.'),
};

export const capitalFields: readonly Field[] = [
  ...fields(
    { in: ['rows'], columns: true },
    {
      fundId: FUND,
      fundName: dimension(label('Name of the fund', 'Nom du fonds', 'Name des Fonds'), 'As established.'),
      trancheId: TRANCHE,
      trancheRank: RANK,
      trancheKind: TRANCHE_KIND,
      partnerKind: PARTNER_KIND,
      currency: CURRENCY,
      pledges: count(
        label('Commitments pledged', 'Engagements promis', 'Zugesagte Beiträge'),
        'Commitments pledged.',
        'commitments',
      ),
      signatures: count(
        label('Commitments signed', 'Engagements signés', 'Unterzeichnete Beiträge'),
        'Commitments signed.',
        'commitments',
      ),
      cancellations: count(
        label('Commitments cancelled', 'Engagements annulés', 'Gekündigte Beiträge'),
        'Commitments cancelled.',
        'commitments',
      ),
    },
  ),
  ...fields({ in: ['rows', 'totals', 'atEnd.totals', LAYERS], columns: true }, AMOUNTS),
  ...headerColumns,
  ...headerMembers,
  ...fields(
    { in: [''] },
    {
      rows: structure(
        label('Rows', 'Lignes', 'Zeilen'),
        'By fund, tranche from the first loss up, and kind of partner. The table leaves out rows in which nothing was pledged.',
      ),
      totals: structure(label('Totals', 'Totaux', 'Summen'), 'By currency, for each kind of partner and for all.'),
      atEnd: structure(
        label('At the end', 'À la fin', 'Am Ende'),
        'With a period: totals and ratios from the first event on, at its end. Else null.',
        'object',
      ),
      funds: structure(
        label('Funds', 'Fonds', 'Fonds'),
        'Every fund as a stack of layers; as of the end, also with a period.',
      ),
      ratios: structure(label('Ratios', 'Ratios', 'Verhältnisse'), 'By currency, on committed and on paid money.'),
      facilities: structure(
        label('Facilities', 'Sites', 'Standorte'),
        'Who pays for each facility, by name; as of the end, also with a period.',
      ),
    },
  ),
  ...fields(
    { in: ['atEnd'] },
    {
      totals: structure(label('Totals at the end', 'Totaux à la fin', 'Summen am Ende'), 'From the first event on.'),
      ratios: structure(
        label('Ratios at the end', 'Ratios à la fin', 'Verhältnisse am Ende'),
        'From the first event on.',
      ),
    },
  ),
  ...fields(
    { in: ['totals', 'atEnd.totals'] },
    {
      currency: CURRENCY,
      partnerKind: dimension(
        label('Kind of partner', 'Type de partenaire', 'Art des Partners'),
        'Whose money it is; `all` is the sum of the others.',
        'string',
        { codes: 'partner-kinds' },
      ),
    },
  ),
  ...fields(
    { in: ['funds'] },
    {
      fundId: FUND,
      name: dimension(label('Name of the fund', 'Nom du fonds', 'Name des Fonds'), 'As established.'),
      currency: CURRENCY,
      targetMinor: money(label('Target size', 'Taille cible', 'Zielgröße'), 'What the fund is to raise.'),
      closed: note(
        label('Financial close reached', 'Bouclage financier atteint', 'Finanzierung abgeschlossen'),
        'True once financial close is reached.',
        'boolean',
      ),
      layers: structure(
        label('Layers', 'Tranches', 'Schichten'),
        'From the most senior down: the first loss is at the bottom.',
      ),
    },
  ),
  ...fields(
    { in: [LAYERS] },
    {
      trancheId: TRANCHE,
      rank: RANK,
      kind: TRANCHE_KIND,
      capMinor: money(
        label('Cap of the tranche', 'Plafond de la tranche', 'Obergrenze der Tranche'),
        'The most that may be committed to it.',
      ),
      attachmentPoint: measure(
        label('Attachment point', "Point d'attachement", 'Unterer Verlustpunkt'),
        'Losses up to this part of everything committed fall on the layers below.',
        'share',
      ),
      detachmentPoint: measure(
        label('Detachment point', 'Point de détachement', 'Oberer Verlustpunkt'),
        'Losses from this part of everything committed on fall on the layers above.',
        'share',
      ),
      committedByPartnerKind: structure(
        label('Committed by kind of partner', 'Engagé par type de partenaire', 'Gebunden nach Art des Partners'),
        'The committed amount, split.',
        'object',
      ),
      reasons: REASONS,
    },
  ),
  ...fields(
    { in: ['ratios', 'atEnd.ratios'] },
    {
      currency: CURRENCY,
      base: dimension(
        label('Base', 'Base', 'Grundlage'),
        'Committed or paid money. The gap between the two is the meaningful difference.',
        'string',
        { codes: 'ratio-bases' },
      ),
      publicMinor: money(
        label('Public money', 'Fonds publics', 'Öffentliche Mittel'),
        'Of the Union, the Member States, regions, other bodies governed by public law, and public banks.',
      ),
      privateMinor: money(label('Private money', 'Fonds privés', 'Private Mittel'), 'Of all other partners.'),
      privatePerPublic: measure(
        label('Private per public money', 'Fonds privés par fonds publics', 'Private je öffentliche Mittel'),
        'Private money for each unit of public money.',
        'ratio',
      ),
      mobilisedPerPublic: measure(
        label('Mobilised per public money', 'Fonds mobilisés par fonds publics', 'Mobilisierte je öffentliche Mittel'),
        'Everything, the public part included, for each unit of public money.',
        'ratio',
      ),
      unionShareOfCapex: measure(
        label('Union share of CAPEX', "Part de l'Union dans le CAPEX", 'Anteil der Union am CAPEX'),
        'CAPEX contributions and purchases of access time of the Union over the CAPEX of all facilities that have one.',
        'share',
        { source: CEILING },
      ),
      reasons: REASONS,
    },
  ),
  ...fields(
    { in: ['facilities'] },
    {
      facilityId: dimension(label('Facility', 'Site', 'Standort'), 'Id of the facility.'),
      name: dimension(label('Name of the facility', 'Nom du site', 'Name des Standorts'), 'As registered.'),
      country: dimension(label('Country', 'Pays', 'Land'), 'Where it stands, ISO 3166-1 alpha-2.', 'string', {
        codes: 'countries',
      }),
      kind: dimension(label('Kind of facility', 'Type de site', 'Art des Standorts'), 'Kind of facility.', 'string', {
        codes: 'facility-kinds',
      }),
      currency: CURRENCY,
      capexMinor: money(
        label('CAPEX', 'CAPEX', 'CAPEX'),
        'Of the computing infrastructure; null when it is not recorded.',
        { source: CEILING },
      ),
      committedByPartnerKind: structure(
        label('Committed by kind of partner', 'Engagé par type de partenaire', 'Gebunden nach Art des Partners'),
        'Committed to this facility.',
        'object',
      ),
      paidByPartnerKind: structure(
        label('Paid by kind of partner', 'Versé par type de partenaire', 'Gezahlt nach Art des Partners'),
        'Paid for this facility.',
        'object',
      ),
      unionShareOfCapexCommitted: measure(
        label(
          'Union share of CAPEX, committed',
          "Part de l'Union dans le CAPEX, engagé",
          'Anteil der Union am CAPEX, gebunden',
        ),
        'At most 0.17.',
        'share',
        { source: CEILING },
      ),
      unionShareOfCapexPaid: measure(
        label(
          'Union share of CAPEX, paid',
          "Part de l'Union dans le CAPEX, versé",
          'Anteil der Union am CAPEX, gezahlt',
        ),
        'At most 0.17.',
        'share',
        { source: CEILING },
      ),
      reasons: REASONS,
    },
  ),
  ...fields(
    { in: BY_PARTNER_KIND },
    {
      union: money(label('Union', 'Union', 'Union'), 'Of the Union.'),
      'member-state': money(label('Member States', 'États membres', 'Mitgliedstaaten'), 'Of Member States.'),
      regional: money(label('Regions', 'Régions', 'Regionen'), 'Of regional authorities.'),
      'public-other': money(
        label('Other public bodies', 'Autres organismes publics', 'Andere öffentliche Stellen'),
        'Of other bodies governed by public law, by the stated kind or by the legal form.',
      ),
      'public-bank': money(label('Public banks', 'Banques publiques', 'Öffentliche Banken'), 'Of public banks.'),
      private: money(label('Private partners', 'Partenaires privés', 'Private Partner'), 'Of all other partners.'),
    },
  ),
];
