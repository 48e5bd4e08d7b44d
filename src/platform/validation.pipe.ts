import { ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import { validate, type ValidationError } from 'class-validator';
import { Refusal, type FieldError } from '../ledger/refusal.js';

/** Field errors listed in one answer; the rest would only repeat them. */
const FIELD_ERRORS_MAX = 50;

/** Checks bodies, parameters and queries against their DTO. Unknown members are refused: they are mostly misspelt ones. */
export class EdgeValidationPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      // A body without fields has a class without checks; the white list still refuses whatever it holds.
      forbidUnknownValues: false,
      stopAtFirstError: true,
      validationError: { target: false, value: false },
    });
  }

  override async transform(given: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    // A body that was left out is an empty one: where something is required, the answer says what.
    const value = metadata.type === 'body' && given === undefined ? {} : given;
    if (metadata.type === 'body' && (typeof value !== 'object' || value === null || Array.isArray(value))) {
      throw new Refusal('malformed', 'malformed-json', 'Send a JSON object as the body.');
    }
    try {
      return await super.transform(value, metadata);
    } catch (error) {
      if (error instanceof FieldErrors) throw refusalOf(error.errors, metadata.type);
      throw error;
    }
  }

  /**
   * Checks what has been made of a body already.
   * @throws Refusal as `transform` does
   */
  async check<T extends object>(body: T): Promise<T> {
    // Nest's own way to the validator leads nowhere before the first body has passed through `transform`.
    const errors = await validate(body, this.validatorOptions);
    if (errors.length > 0) throw refusalOf(fieldErrors(errors), 'body');
    return body;
  }

  override createExceptionFactory(): (errors?: ValidationError[]) => unknown {
    return (errors = []) => new FieldErrors(fieldErrors(errors));
  }
}

const fieldErrors = (errors: readonly ValidationError[]): readonly FieldError[] =>
  flatten(errors, '').slice(0, FIELD_ERRORS_MAX);

class FieldErrors extends Error {
  constructor(readonly errors: readonly FieldError[]) {
    super('invalid fields');
  }
}

function refusalOf(errors: readonly FieldError[], type: ArgumentMetadata['type']): Refusal {
  const detail = errors.map((error) => error.detail).join(' ');
  return type === 'body'
    ? new Refusal('invalid', 'invalid-content', detail, {}, errors)
    : new Refusal('malformed', 'malformed-parameter', detail, {}, errors);
}

function flatten(errors: readonly ValidationError[], parent: string): FieldError[] {
  return errors.flatMap((error) => {
    const pointer = `${parent}/${error.property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
      pointer,
      detail: rule === 'whitelistValidation' ? `There is no field "${error.property}" here. Remove it.` : message,
    }));
    return [...own, ...flatten(error.children ?? [], pointer)];
  });
}
