/**
 * Marks that a terminal obeys in place of showing them: control characters (C0, DEL, C1), format characters (among them the
 * ones that turn the direction of writing), and the separators of lines and paragraphs.
 */
const OBEYED = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Text of others for the terminal. A log, a server or a file may state anything: none of it may move the cursor, erase a verdict or
 * turn the direction of writing. A line feed is escaped as well: only this program begins lines.
 */
export const visible = (text: string): string =>
  text.replaceAll(OBEYED, (mark) => `\\u{${(mark.codePointAt(0) ?? 0).toString(16)}}`);

/** The same for a text whose lines this program made. */
export const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n');

/**
 * A text of several lines that others can read byte for byte, such as a report or a checkpoint: it goes into a file or a pipe as it is.
 * A terminal shows it with the same marks escaped.
 */
export const shownOn = ({ isTTY }: { readonly isTTY?: boolean }, text: string): string =>
  isTTY === true ? visibleLines(text) : text;

/** JSON in which the same marks are escaped, so that it stays JSON of the same value. */
export const visibleJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replaceAll(OBEYED, (mark) => (mark === '\n' ? mark : escapesOf(mark)));

/** JSON escapes UTF-16 units, of which a mark may have two. */
const escapesOf = (mark: string): string =>
  Array.from({ length: mark.length }, (_, at) => `\\u${mark.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');
