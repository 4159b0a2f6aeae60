import { execFileSync } from 'node:child_process';
import { expect, it, vi } from 'vitest';
import { applyToHost } from '../../src/change/apply.js';
import type { Outcome } from '../../src/run/outcome.js';
import { fail, ok } from '../../src/lib/result.js';
import { FakeNode, about, answer, context, fakeCluster, lost, nodeStatus, plan } from './fake-node.js';

vi.mock(import('../../src/lib/clock.js'), async (original) => ({
  ...(await original()),
  ...(await import('./virtual-time.js')),
}));

const certificate = execFileSync(
  'openssl',
  'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null -days 2 -subj /CN=n1'.split(' '),
  { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
);
const serving = { certDir: '/var/lib/kubelet/pki', kubeconfig: '/etc/kubernetes/kubelet.conf' };
const cluster = fakeCluster(() => [nodeStatus('n1', { addresses: ['192.0.2.1', 'n1'] })]);

async function apply(node: FakeNode, over: Parameters<typeof context>[0] = {}): Promise<Outcome> {
  const run = context({ cluster, issue: () => Promise.resolve(ok(certificate)), ...over });
  const outcome = await applyToHost(plan({ serving }), about, node.task(), run);
  node.verify();
  return outcome;
}
const asking = (word = 'requested', text = 'the request'): FakeNode => {
  const node = new FakeNode();
  node.answers['serving request'] = answer(word, text);
  return node;
};

it('a certificate is issued before anything changes, and is part of the change', async () => {
  const node = asking();
  const asked: unknown[] = [];
  const issue = vi.fn((host: string, request: string) => {
    asked.push([host, request, [...node.verbs]]);
    return Promise.resolve(ok(certificate));
  });
  const outcome = await apply(node, { issue });
  expect(outcome).toMatchObject({ outcome: 'confirmed' });
  expect(asked).toEqual([['n1', 'the request', ['serving request']]]);
  expect(outcome.edits.map(({ path }) => path).slice(-2)).toEqual([
    '/var/lib/kubelet/pki/kubelet-server.crt',
    '/var/lib/kubelet/pki/kubelet-server.key',
  ]);
  expect(node.verbs).toEqual(['serving request', 'prepare', 'arm', 'write', 'restart', 'confirm']);
  const calls = node.sessions.flatMap(({ runs }) => runs);
  const [request] = calls.filter(({ args }) => args[0] === 'request');
  expect(request?.args.slice(1)).toEqual([
    ...['r1', serving.certDir, 'n1', serving.kubeconfig, 'n1', '192.0.2.1'],
    '"digital signature","server auth"',
  ]);
  const [prepare] = calls.filter(({ args }) => args[0] === 'prepare');
  expect(prepare?.args).toContain('@key');
  // A rollback removes what was not there before.
  expect(aboutOf(prepare?.args)).toMatchObject({ created: outcome.edits.slice(-2).map(({ path }) => path) });
  // Through this fake no connection can be opened: never a silent pass.
  expect(outcome.gate.find(({ check }) => check === 'serving-certificate')).toMatchObject({ unchecked: true });
});

it('nothing is asked where the kubelet has a certificate of the cluster', async () => {
  const node = asking('present', '');
  const outcome = await apply(node);
  expect(outcome).toMatchObject({ outcome: 'confirmed', edits: [{ path: '/etc/kubelet.yaml' }] });
  expect(outcome.gate.map(({ check }) => check)).not.toContain('serving-certificate');
  const prepare = node.sessions.flatMap(({ runs }) => runs).find(({ args }) => args[0] === 'prepare');
  expect(aboutOf(prepare?.args)).toMatchObject({ paths: ['/etc/kubelet.yaml'], created: [] });
});

/** What the node is to keep of the change. */
const aboutOf = (args: readonly string[] = []): unknown =>
  JSON.parse(Buffer.from(args[10] ?? '', 'base64').toString('utf8'));

const refused = { reason: 'csr-1: an address of another node', hint: 'look at it: kubelatch csr list' };
it.each<[string, () => FakeNode, Parameters<typeof context>[0], RegExp]>([
  ['the node cannot ask', () => asking('unable', 'openssl is not installed'), {}, /openssl is not installed/],
  ['its request is refused', asking, { issue: () => Promise.resolve(fail(refused)) }, /an address of another node/],
  ['there is no API server', asking, { cluster: undefined }, /does not show its Node/],
  ['nobody can approve', asking, { issue: undefined }, /does not show its Node/],
  [
    'the connection breaks',
    () => Object.assign(new FakeNode(), { answers: { 'serving request': { error: lost } } }),
    {},
    /the connection broke/,
  ],
])('costs nothing where %s', async (_what, made, over, reason) => {
  const node = made();
  const outcome = await apply(node, over);
  expect(outcome).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(reason) as string });
  expect(node.verbs.filter((verb) => !verb.startsWith('serving'))).toEqual([]);
  expect(node.verbs.at(-1)).toBe('serving drop');
});

it('its key goes where the change does not begin', async () => {
  const node = asking();
  node.answers['prepare'] = answer('changed', '/etc/kubelet.yaml');
  expect(await apply(node)).toMatchObject({ outcome: 'refused' });
  expect(node.verbs).toEqual(['serving request', 'prepare', 'serving drop']);
});
