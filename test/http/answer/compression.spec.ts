import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { COMPRESSED_BYTES_MIN, Compression } from '../../../src/http/answer/compression.js';

describe('compression of answers', () => {
  const long = 'a'.repeat(COMPRESSED_BYTES_MIN);

  it('gives the same bytes back, from its memory the second time', async () => {
    const compression = new Compression();
    const brotli = await compression.compressed(long, 'br');
    const gzip = await compression.compressed(Buffer.from(long), 'gzip');
    expect(brotliDecompressSync(brotli ?? '').toString()).toBe(long);
    expect(gunzipSync(gzip ?? '').toString()).toBe(long);
    expect(await compression.compressed(long, 'br')).toBe(brotli);
  });

  it('leaves an answer that fits into a packet as it is', async () => {
    expect(await new Compression().compressed(long.slice(1), 'br')).toBeUndefined();
  });

  it('leaves answers as they are while two are being compressed, and compresses again afterwards', async () => {
    const compression = new Compression();
    const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(1_000_000));
    const made = await Promise.all(texts.map((text) => compression.compressed(text, 'gzip')));
    expect(made.map((bytes) => bytes !== undefined)).toEqual([true, true, false, false]);
    expect(await compression.compressed(texts[3] ?? '', 'gzip')).toBeDefined();
  });
});
