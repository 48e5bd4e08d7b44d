/** A value that cannot be read. The message states the correct form. */
export class ConversionError extends Error {}

/**
 * A number or a date that is not written in the notation of its column. The other values of the column are then in doubt as
 * well: some of them may be readable in both notations, with another meaning.
 */
export class NotationError extends ConversionError {}
