import { plainLine } from '../../src/platform/logging.js';

const line = (fields: object): string =>
  plainLine(JSON.stringify({ level: 30, time: '2026-11-27T20:52:48.676Z', ...fields }));

describe('a line of the log on a terminal', () => {
  it('has the time of day, the message and its details', () => {
    expect(line({ msg: 'Migrated "it"' })).toBe('20:52:48  Migrated "it"\n');
    expect(line({ level: 40, msg: 'Slow', ms: 12 })).toBe('20:52:48  Warning: Slow ms=12\n');
    expect(line({ level: 50, msg: 'Failed', err: { message: 'No disk', stack: 'at …' } })).toBe(
      '20:52:48  ERROR: Failed reason="No disk"\n',
    );
  });

  it('shows control characters, and does not send them to the terminal', () => {
    expect(line({ msg: 'a\u001b[2Jb\nc' })).toBe('20:52:48  a\\u001b[2Jb\\nc\n');
  });
});
