import { NOUNS } from '../../src/nouns.js';
import { verify } from '../../src/audit/verify.js';
import { verificationText } from '../../src/audit/verify-text.js';
import { parseVerifierKey } from '../../src/audit/note-key.js';
import { EnvelopeWriter, LOG_VKEY, MemoryLog } from './written-log.js';
import { programme } from './written-programme.js';

describe('try', () => {
  it('verifies', async () => {
    const writer = new EnvelopeWriter();
    const log = new MemoryLog(programme().flatMap((events) => writer.command(...events)));
    const result = await verify(log, { trust: { key: parseVerifierKey(LOG_VKEY) }, nouns: NOUNS });
    console.log(verificationText(result));
    expect(result.verdict).toBe('verified');
  });
});
