/** Any user of a machine can list processes with their arguments: nothing secret is in a command line, here or on a node. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { openLocalGateway } from '../../src/cluster/local-gateway.js';
import { plantedSecrets } from '../lib/redact-forms.js';
import { startOddServer } from '../ssh/odd-server.js';
import { useRig } from '../ssh/rig.js';
import { answering } from '../ssh/secrets-fake.js';
import { hostAt } from '../ssh/sshd.js';

const rig = useRig();
const { shop } = rig;
const deadline = 10_000;
const password = 'Login77word';

beforeAll(() => {
  for (const key of ['host', 'user']) shop.key(key);
});
afterEach(() => vi.unstubAllEnvs());

const seenIn = (text: string): string[] =>
  [password, ...plantedSecrets.map(({ planted }) => planted)].filter((secret) => text.includes(secret));

it('a script, its arguments and passwords reach a node by other ways than the command', async () => {
  const server = await startOddServer({
    hostKeyFile: shop.path('host'),
    login: (context) => {
      if (context.method === 'password' && context.password === password) context.accept();
      else context.reject(['password']);
    },
  });
  rig.later(() => server.stop());
  const known = shop.write('known', `[127.0.0.1]:${server.port} ${server.hostKey}\n`);
  const host = hostAt(server.port, { user: 'ops', knownHostsFile: known });
  const session = await rig.session(host, { secrets: answering({ password: [password] }) });
  const texts = plantedSecrets.map(({ text }) => text);
  const ran = await session.run(`# ${texts[0] ?? ''}\nprintf %s "$#"`, texts, { deadline });
  expect(ran.ok && ran.value.stdout.toString()).toBe(String(texts.length));
  expect(server.commands.length).toBeGreaterThan(0);
  expect(seenIn(server.commands.join('\n'))).toEqual([]);
});

it('what is sent to the API server is in no argument of kubectl', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kubelatch-calls-'));
  vi.stubEnv('FAKE_CALLS', join(folder, 'calls'));
  const kubectl = new URL('../cluster/fake-kubectl.mjs', import.meta.url).pathname;
  const gateway = await openLocalGateway({
    kubectl,
    kubeconfig: '/k',
    context: 'c',
    places: { kubeconfig: '', context: '' },
  });
  if (!gateway.ok) throw new Error(gateway.error.message);
  for (const { text } of plantedSecrets.slice(0, 5)) {
    await gateway.value.send({ method: 'POST', path: '/x', body: { text } }, deadline);
  }
  await gateway.value.close();
  const calls = readFileSync(join(folder, 'calls'), 'utf8');
  rmSync(folder, { recursive: true });
  expect(calls).toContain('proxy');
  expect(seenIn(calls)).toEqual([]);
});
