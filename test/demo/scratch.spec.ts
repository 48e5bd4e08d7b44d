import { Loader } from '../../src/demo/loader.js';
import { demoProgramme } from '../../src/demo/programme.js';
import { OPERATOR_KEY, startTestApp } from '../support/app.js';
it('scratch', async () => {
  const app = await startTestApp();
  try {
    const p = demoProgramme();
    const ok = /^\/v1\/(partners|funds|policies)(\/|$)/;
    const names = new Set(
      p.commands
        .filter(
          (c) =>
            ok.test(c.path) &&
            c.name !== 'financial-close' &&
            !c.name.startsWith('acquisition') &&
            !c.name.endsWith(':tech-giant'),
        )
        .map((c) => c.name),
    );
    const t = Date.now();
    const s = await new Loader({ baseUrl: app.url, operatorKey: OPERATOR_KEY, progress: process.stderr }).load({
      keyPrefix: 'x',
      commands: p.commands.filter((c) => names.has(c.name)),
    });
    console.log(s, Date.now() - t);
  } finally {
    await app.stop();
  }
}, 200000);
