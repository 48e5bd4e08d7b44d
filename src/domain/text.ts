/**
 * The composed form of a text (Unicode NFC). A name may be written composed or decomposed and looks the same: in one form it
 * is one text, which searches and comparisons find.
 */
export const nfc = (text: string): string => text.normalize('NFC');
