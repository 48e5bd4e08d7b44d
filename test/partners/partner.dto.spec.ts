import 'reflect-metadata';
import { AdoptPolicyDto } from '../../src/governance/policy.dto.js';
import { Refusal } from '../../src/ledger/refusal.js';
import {
  ClassifyPartnerDto,
  EndAffiliationDto,
  RecordAcquisitionDto,
  RecordAffiliationDto,
  RegisterPartnerDto,
} from '../../src/partners/partner.dto.js';
import { EdgeValidationPipe } from '../../src/http/validation.pipe.js';

type Dto = new () => object;
interface FieldDocument {
  readonly required: boolean;
  readonly description?: string;
  readonly example?: unknown;
}

const BODIES: readonly Dto[] = [
  RegisterPartnerDto,
  ClassifyPartnerDto,
  RecordAffiliationDto,
  EndAffiliationDto,
  RecordAcquisitionDto,
  AdoptPolicyDto,
];

/** The metadata that the documentation plugin wrote into the class from its comments. */
function documentOf(dto: Dto): Record<string, FieldDocument> {
  const { _OPENAPI_METADATA_FACTORY: factory } = dto as unknown as {
    _OPENAPI_METADATA_FACTORY: () => Record<string, FieldDocument>;
  };
  return factory();
}

const exampleOf = (dto: Dto): Record<string, unknown> =>
  Object.fromEntries(Object.entries(documentOf(dto)).map(([field, { example }]) => [field, example]));

async function send(dto: Dto, body: unknown): Promise<unknown> {
  try {
    return await new EdgeValidationPipe().transform(body, { type: 'body', metatype: dto });
  } catch (error) {
    if (error instanceof Refusal) return error.errors.map(({ pointer }) => pointer);
    throw error;
  }
}

describe.each(BODIES.map((dto) => [dto.name, dto] as const))('the body %s', (_name, dto) => {
  it('describes every field and has an example for it', () => {
    for (const [field, { description, example }] of Object.entries(documentOf(dto))) {
      expect({ field, isDescribed: Boolean(description) && example !== undefined }).toEqual({
        field,
        isDescribed: true,
      });
    }
  });

  it('accepts its own example', async () => {
    expect(await send(dto, exampleOf(dto))).toEqual(exampleOf(dto));
  });

  it('may lack only optional fields, and refuses null and unknown fields', async () => {
    for (const [field, { required }] of Object.entries(documentOf(dto))) {
      const { [field]: _left, ...rest } = exampleOf(dto);
      const answer = await send(dto, rest);
      if (required) expect(answer).toEqual([`/${field}`]);
      else expect(answer).toBeInstanceOf(dto);
      expect(await send(dto, { ...rest, [field]: null })).toEqual([`/${field}`]);
    }
    expect(await send(dto, { ...exampleOf(dto), extra: 1 })).toEqual(['/extra']);
  });
});
