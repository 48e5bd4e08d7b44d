import fc from 'fast-check';
import {
  POINT_IN_TIME_LENGTH_MAX,
  POINT_IN_TIME_PATTERN,
  lastInstantOf,
  spanOf,
} from '../../src/domain/points-in-time.js';

const last = (text: string): string | undefined => {
  const span = spanOf(text);
  return span && lastInstantOf(span);
};
const first = (text: string): string => new Date(spanOf(text)?.first ?? NaN).toISOString();

describe('a point in time', () => {
  it.each([
    ['2026-06-30', '2026-06-30T00:00:00.000Z', '2026-06-30T23:59:59.999Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z', '2024-02-29T23:59:59.999Z'],
    ['2026-06', '2026-06-01T00:00:00.000Z', '2026-06-30T23:59:59.999Z'],
    ['2026-12', '2026-12-01T00:00:00.000Z', '2026-12-31T23:59:59.999Z'],
    ['2024-02', '2024-02-01T00:00:00.000Z', '2024-02-29T23:59:59.999Z'],
    ['2026-06-30T12:00:00Z', '2026-06-30T12:00:00.000Z', '2026-06-30T12:00:00Z'],
    ['2026-07-01T01:30:00+02:00', '2026-06-30T23:30:00.000Z', '2026-06-30T23:30:00Z'],
    // A form or a browser sends a plus sign as a space.
    ['2026-07-01T01:30:00 02:00', '2026-06-30T23:30:00.000Z', '2026-06-30T23:30:00Z'],
    ['2026-06-30T20:00:00-05:30', '2026-07-01T01:30:00.000Z', '2026-07-01T01:30:00Z'],
    ['2026-06-30T12:00:00.5Z', '2026-06-30T12:00:00.500Z', '2026-06-30T12:00:00.500Z'],
    ['2026-06-30T12:00:00.123999+00:00', '2026-06-30T12:00:00.123Z', '2026-06-30T12:00:00.123Z'],
  ])('%s lasts from %s to %s', (text, begin, end) => {
    expect([first(text), last(text)]).toEqual([begin, end]);
    expect([RegExp(POINT_IN_TIME_PATTERN).test(text), text.length <= POINT_IN_TIME_LENGTH_MAX]).toEqual([true, true]);
  });

  it.each([
    '2026',
    '2026-6',
    '2026-00',
    '2026-13',
    '2026-06-31',
    '2025-02-29',
    '2026-06-30T24:00:00Z',
    '2026-06-30T12:00:60Z',
    '2026-06-30T12:00:00',
    '2026-06-30T12:00Z',
    '2026-06-30 12:00:00Z',
    '2026-06-30T12:00:00+2:00',
    '2026-06-30T12:00:00+24:00',
    '2026-06-30T12:00:00.1234567890Z',
    '30.06.2026',
    '',
  ])('is not read from %p', (text) => {
    expect(spanOf(text)).toBeUndefined();
  });

  it('is the same instant with every offset', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1970-01-02'), max: new Date('2200-01-01'), noInvalidDate: true }),
        fc.integer({ min: -1_439, max: 1_439 }),
        (at, minutes) => {
          const local = new Date(at.getTime() + minutes * 60_000).toISOString().slice(0, -1);
          const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((part) =>
            String(part).padStart(2, '0'),
          );
          expect(spanOf(`${local}${minutes < 0 ? '-' : '+'}${hours}:${rest}`)).toEqual({
            first: at.getTime(),
            last: at.getTime(),
          });
        },
      ),
    );
  });

  it('of a date and of a month meet without a gap', () => {
    expect(spanOf('2026-06-30')?.last).toBe((spanOf('2026-07-01')?.first ?? NaN) - 1);
    expect(spanOf('2026-06')?.last).toBe(spanOf('2026-06-30')?.last);
  });
});
