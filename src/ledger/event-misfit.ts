import type { EventOutline } from './aggregate.js';
import type { Envelope } from './event.js';
import type { JsonSchema } from './schema.js';
import { misfitOf, type Misfit } from './schema-check.js';

/** The members of an event that its declaration decides. */
export type DeclaredMembers = Pick<Envelope, 'data' | 'schema' | 'effectiveAt' | 'legalBasis' | 'sealed'>;

/**
 * The first member of an event that its declaration does not allow: of its data, its effective time, its legal basis or its sealed
 * content. The write side checks each event with it before it records the event, and an auditor checks each recorded event.
 * @param event as it is stored, not lifted.
 * @returns a misfit with its pointer into the envelope; undefined if all members fit.
 */
export function misfitOfEvent(declaration: EventOutline, event: DeclaredMembers): Misfit | undefined {
  const { data, schema, effectiveAt, legalBasis, sealed } = event;
  const inData = misfitOf(dataSchemaOf(declaration, schema), data);
  if (inData) return { pointer: `/data${inData.pointer}`, demand: inData.demand };
  if (effectiveAt !== undefined && effectiveAt !== memberOf(data, declaration.effectiveAs))
    return { pointer: '/effectiveAt', demand: demandOfEffectiveAt(declaration) };
  const { clauses = [] } = declaration;
  if (legalBasis !== undefined && !clauses.includes(legalBasis))
    return { pointer: '/legalBasis', demand: clauses.length === 0 ? 'not be there' : `be ${clauses.join(' or ')}` };
  if (sealed !== undefined && declaration.seals !== true) return { pointer: '/sealed', demand: 'not be there' };
  return undefined;
}

/** The shape of the data in a schema that the type has had. */
export const dataSchemaOf = ({ schema: current, data, upcasts }: EventOutline, schema: number): JsonSchema =>
  (schema === current ? data : upcasts?.[schema]?.data) ?? {};

const memberOf = (data: object, name: string | undefined): unknown =>
  name === undefined ? undefined : (data as Readonly<Record<string, unknown>>)[name];

const demandOfEffectiveAt = ({ effectiveAs }: EventOutline): string =>
  effectiveAs === undefined ? 'not be there' : `be the same instant as ${effectiveAs} of the data`;
