import { ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import type { FieldError } from '../ledger/refusal.js';
import { VALIDATION, contentRefused, fieldErrors, notAnObject } from './field-errors.js';
import { TRANSFORMER } from './plain-to-instance.js';
import { StreamedBody } from './body/streamed-body.js';

/** Checks bodies, parameters and queries against their DTO. */
export class EdgeValidationPipe extends ValidationPipe {
  constructor() {
    super({ transform: true, transformerPackage: TRANSFORMER, ...VALIDATION });
  }

  override async transform(given: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (given instanceof StreamedBody) return given.content();
    // A missing body counts as an empty one, so that the refusal names the fields that the route requires.
    const value = metadata.type === 'body' && given === undefined ? {} : given;
    if (metadata.type === 'body' && (typeof value !== 'object' || value === null || Array.isArray(value))) {
      throw notAnObject();
    }
    try {
      return await super.transform(value, metadata);
    } catch (error) {
      if (error instanceof FieldErrors) throw contentRefused(error.errors, metadata.type);
      throw error;
    }
  }

  override createExceptionFactory(): (errors?: ValidationError[]) => unknown {
    return (errors = []) => new FieldErrors(fieldErrors(errors));
  }
}

class FieldErrors extends Error {
  constructor(readonly errors: readonly FieldError[]) {
    super('invalid fields');
  }
}
