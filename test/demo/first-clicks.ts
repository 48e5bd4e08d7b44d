import type { DemoKeys } from '../../src/demo/keys.js';
import type { TestApp } from '../support/app.js';
import { shownDocument, type ShownOperation, type ShownParameter } from '../support/docs.js';

/**
 * Does what a newcomer does: opens the documentation, and executes every operation without typing anything, as the holder of a key that
 * may. Swagger UI fills in the examples of the document.
 * @returns the operations that do not succeed, and what they answer; a list without items counts as `empty`
 */
export async function firstClicks(app: TestApp, keys: DemoKeys): Promise<Record<string, string>> {
  const document = await shownDocument(app);
  const failed: Record<string, string> = {};
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const roles = operation['x-roles'] ?? [];
      const role = (['operator', 'panel', 'board'] as const).find((each) => roles.includes(each)) ?? 'operator';
      const answer = await click(app.url, method, path, operation, keys[role]);
      if (answer !== 'done') failed[`${method.toUpperCase()} ${path}`] = answer;
    }
  }
  return failed;

  async function click(
    url: string,
    method: string,
    path: string,
    operation: ShownOperation,
    key: string,
  ): Promise<string> {
    const shown = (operation.parameters ?? []).map(resolved).filter(({ example }) => example !== undefined);
    const filled = shown.reduce((text, { name, example }) => text.replace(`{${name}}`, String(example)), path);
    const query = new URLSearchParams(
      shown.filter((each) => each.in === 'query').map(({ name, example }): [string, string] => [name, String(example)]),
    );
    const body = operation.requestBody?.content['application/json']?.example;
    const isCommand = method === 'post';
    const answer = await fetch(`${url}${filled}?${query}`, {
      method: method.toUpperCase(),
      headers: {
        authorization: `Bearer ${key}`,
        ...(isCommand && { 'idempotency-key': crypto.randomUUID(), 'content-type': 'application/json' }),
      },
      ...(isCommand && { body: JSON.stringify(body) }),
    });
    if (answer.headers.get('content-type')?.startsWith('text/event-stream')) {
      await answer.body?.cancel();
      return 'done';
    }
    const text = await answer.text();
    if (answer.ok) return /"data":\[\]/.test(text) ? 'empty' : 'done';
    return `${answer.status} ${(JSON.parse(text) as { code: string }).code}`;
  }

  function resolved(parameter: ShownParameter): ShownParameter {
    const names = parameter.$ref?.split('/').slice(1) ?? [];
    return names.length === 0
      ? parameter
      : (names.reduce<unknown>((at, name) => (at as never)[name], document) as ShownParameter);
  }
}
