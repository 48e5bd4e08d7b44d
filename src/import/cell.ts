/** A formula that was saved instead of its value. */
const FORMULA = /^=/;
/** `#REF!`, `#DIV/0!`, `#NAME?` and their translations, such as `#BEZUG!`; the `#N/A` of several languages; LibreOffice's `Err:502`. */
const ERROR = /^(?:#\p{Lu}[\p{Lu}\d/_.]*[!?]|#N\/[ABD]|#NV|#I\/T|#N\/DISP|Err:\d{3})$/u;
/** What Excel saves of a number or date in a column that is too narrow. */
const TOO_NARROW = /^#{2,}$/;

/** Why the text of a cell is no content but a trace of the spreadsheet; undefined for content. */
export function spreadsheetFault(text: string): string | undefined {
  if (FORMULA.test(text)) return `"${text}" is a formula. Save the values of the sheet instead of its formulas.`;
  if (ERROR.test(text))
    return `"${text}" is an error of the spreadsheet. Mend the formula of the cell, and save again.`;
  if (TOO_NARROW.test(text))
    return `"${text}" stands for content that the column was too narrow for. Widen it, and save again.`;
  return undefined;
}
