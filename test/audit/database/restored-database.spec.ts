import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestApp, type TestApp } from '../../support/app.js';
import { until } from '../../witness/running-witness.js';

const COMPANY = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' };

/** Several services start one after the other, which takes long on a busy machine. */
const MS_MAX = 90_000;

describe('a ledger on an older copy of its database', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-restored-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const record = async (api: TestApp, count: number): Promise<void> => {
    for (let number = 0; number < count; number += 1) await api.must(api.post('/v1/partners', COMPANY));
  };
  const failureOf = async (api: TestApp, expected: RegExp): Promise<string> => {
    const { status, body } = await until(
      () => api.get('/readyz', { key: null }),
      ({ body: readiness }) => expected.test(readiness.log?.failure ?? ''),
    );
    expect(status).toBe(503);
    return body.log.failure;
  };
  const kept = (): Promise<string> => readFile(join(folder, 'last-checkpoint'), 'utf8').catch(() => '');
  /** Signs two events of its own, and leaves the checkpoint in the folder. */
  const signElsewhere = async (): Promise<void> => {
    const before = await startTestApp({ env: { DATA_DIR: folder } });
    try {
      await record(before, 2);
      await until(kept, (note) => note.split('\n')[1] === '2');
    } finally {
      await before.stop();
    }
  };

  it(
    'signs nothing on an older database, nor after it has grown another history, and reports the next step',
    async () => {
      await signElsewhere();
      const last = await kept();
      const restored = await startTestApp({ env: { DATA_DIR: folder } });
      try {
        expect(await failureOf(restored, /ends before the last signed checkpoint \(size 2\)/)).toMatch(
          /Restore the events/,
        );
        await record(restored, 2);
        expect(await failureOf(restored, /another history/)).toMatch(/Nothing is signed/);
        expect((await restored.get('/log/checkpoint', { key: null })).status).toBe(404);
      } finally {
        await restored.stop();
      }
      expect(await kept()).toBe(last);
    },
    MS_MAX,
  );

  it(
    'signs nothing with another key or under another name, and reports what to restore',
    async () => {
      const api = await startTestApp({ env: { DATA_DIR: folder } });
      try {
        await record(api, 1);
        await until(kept, (note) => note.split('\n')[1] === '1');
        const renamed = await startTestApp({ env: { LOG_ORIGIN: 'other.example.eu/log' }, sharedWith: api });
        try {
          const failure = await failureOf(renamed, /not one of other\.example\.eu\/log\+/);
          expect(failure).toMatch(/Restore the file log-signing-key .* LOG_ORIGIN as it was\.$/);
        } finally {
          await renamed.stop();
        }
      } finally {
        await api.stop();
      }
    },
    MS_MAX,
  );
});
