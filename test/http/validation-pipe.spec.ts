import { IsString } from 'class-validator';
import { EdgeValidationPipe } from '../../src/http/validation.pipe.js';

class Named {
  @IsString()
  readonly name: unknown;

  constructor(name: unknown) {
    this.name = name;
  }
}

describe('the validation at the edge', () => {
  it('checks an instance that was made of a body, also before any other body', async () => {
    const pipe = new EdgeValidationPipe();
    await expect(pipe.check(new Named(7))).rejects.toMatchObject({
      code: 'invalid-content',
      errors: [{ pointer: '/name' }],
    });
    const named = new Named('Nordlys');
    expect(await pipe.check(named)).toBe(named);
  });
});
