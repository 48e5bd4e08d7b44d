import { getEventListeners } from 'node:events';
import { Notifier } from '../../src/ledger/notifier.js';

const FOR_EVER = 2 ** 30;

describe('the signal', () => {
  it('wakes everybody who waits', async () => {
    const signal = new Notifier();
    const waiting = [signal.wait(FOR_EVER), signal.wait(FOR_EVER)];
    signal.notify();
    await Promise.all(waiting);
  });

  it('wakes after the time that was given', async () => {
    await new Notifier().wait(1);
  });

  it('does not let those wait who looked before the last notification', async () => {
    const signal = new Notifier();
    const since = signal.count;
    signal.notify();
    await signal.wait(FOR_EVER, undefined, since);
  });

  it('wakes those who are to stop, and does not let them wait afterwards', async () => {
    const signal = new Notifier();
    const stopping = new AbortController();
    const waiting = signal.wait(FOR_EVER, stopping.signal);
    stopping.abort();
    await waiting;
    await signal.wait(FOR_EVER, stopping.signal);
  });

  it('keeps nothing of those who have waited, and warns of nothing however many do', async () => {
    const signal = new Notifier();
    const stopping = new AbortController();
    const warnings: Error[] = [];
    const warn = (warning: Error): number => warnings.push(warning);
    process.on('warning', warn);
    const waiting = Array.from({ length: 100 }, () => signal.wait(FOR_EVER, stopping.signal));
    expect(getEventListeners(stopping.signal, 'abort')).toHaveLength(100);
    signal.notify();
    await Promise.all(waiting);
    await signal.wait(1, stopping.signal);
    expect(getEventListeners(stopping.signal, 'abort')).toHaveLength(0);
    process.off('warning', warn);
    expect(warnings).toEqual([]);
  });
});
