import { ppp, type Ran } from '../support/command-line.js';

const DATABASE = 'postgres://u:p@localhost/ledger';
const KURRENT = 'kurrentdb://localhost:2113/ledger?tls=false';

const run = (...args: readonly string[]): Promise<Ran> => ppp('copy', ...args);

describe('ppp-ledger copy', () => {
  it.each([
    [[], 'Say where the ledger is: --from URL.'],
    [['--from', DATABASE], 'Say where it goes: --to URL.'],
    [['--to', KURRENT], 'Say where the ledger is: --from URL.'],
    [['--from', DATABASE, '--to', 'postgresql://other/ledger'], 'pg_dump and pg_restore'],
    [['--from', KURRENT, '--to', 'esdb://other:2113'], 'one of --from and --to is postgres://'],
    [['--from', DATABASE, '--to', 'mysql://other/ledger'], 'EVENT_STORE_URL'],
    [['--from', DATABASE, '--to', KURRENT, '--fast'], '--fast'],
    [['--from', DATABASE, '--to', KURRENT, 'further'], 'further'],
  ])('refuses %j with 64, and reports why and how it is called', async (args, what) => {
    const { code, out, err } = await run(...args);
    expect([code, out]).toEqual([64, '']);
    expect(err).toContain(what);
    expect(err).toContain('Usage: ppp-ledger copy --from URL --to URL');
  });

  it('prints its page for --help', async () => {
    expect(await run('--help')).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('Usage: ppp-ledger copy'),
    });
  });
});
