import type { ArgumentMetadata, ValidationPipeOptions } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { Refusal, type FieldError } from '../ledger/refusal.js';
import { inPointer } from './body/json-limits.js';

/** Field errors in one answer. A caller who mends these sees the rest at the next try. */
export const FIELD_ERRORS_MAX = 50;

/** How content is checked against its class. Unknown members are refused: most are misspelt known ones. */
export const VALIDATION = {
  whitelist: true,
  forbidNonWhitelisted: true,
  // A body without fields has a class without checks. The whitelist still refuses every member of such a body.
  forbidUnknownValues: false,
  stopAtFirstError: true,
  validationError: { target: false, value: false },
} satisfies ValidationPipeOptions;

/** The errors of the validator, each with its JSON pointer below `parent`. */
export function fieldErrors(errors: readonly ValidationError[], parent = ''): FieldError[] {
  return errors.flatMap((error) => {
    const pointer = `${parent}/${inPointer(error.property)}`;
    const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
      pointer,
      detail: rule === 'whitelistValidation' ? `There is no field "${error.property}" here. Remove it.` : message,
    }));
    return [...own, ...fieldErrors(error.children ?? [], pointer)];
  });
}

/** The refusal of content with these errors. It lists the first `FIELD_ERRORS_MAX`. */
export function contentRefused(all: readonly FieldError[], type: ArgumentMetadata['type'] = 'body'): Refusal {
  const errors = all.slice(0, FIELD_ERRORS_MAX);
  const detail = errors.map((error) => error.detail).join(' ');
  return type === 'body'
    ? new Refusal('invalid', 'invalid-content', detail, {}, errors)
    : new Refusal('malformed', 'malformed-parameter', detail, {}, errors);
}

export const notAnObject = (): Refusal => new Refusal('malformed', 'malformed-json', 'Send a JSON object as the body.');
