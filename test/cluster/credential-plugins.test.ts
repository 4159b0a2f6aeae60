import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { credentialPlugins } from '../../src/cluster/credential-plugins.js';
import type { RunEvent } from '../../src/run/outcome.js';
import type { Connector } from '../../src/ssh/connect.js';
import { reachCluster } from '../../src/pipeline/open-cluster.js';

const folder = mkdtempSync(join(tmpdir(), 'kubelatch-kubeconfig-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'kubeconfig');

it.each<[string, string, readonly string[]]>([
  ['an exec plugin', 'users: [{name: a, user: {exec: {command: ./evil.sh, args: [x]}}}]', ['./evil.sh']],
  ['an auth provider', 'users: [{name: a, user: {auth-provider: {config: {cmd-path: /opt/gcloud}}}}]', ['/opt/gcloud']],
  [
    'each once, as a clean line',
    'users: [{user: {exec: {command: "a\\e[2J"}}}, {user: {exec: {command: "a\\e[2J"}}}]',
    ['a'],
  ],
  ['JSON', '{"users": [{"user": {"exec": {"command": "aws"}}}]}', ['aws']],
  ['none', 'users: [{name: a, user: {token: x}}]', []],
  ['no kubeconfig at all', '[1, 2', []],
])('finds what kubectl would start: %s', async (_, text, programs) => {
  writeFileSync(path, text);
  expect(await credentialPlugins(path)).toEqual(programs);
  expect(await credentialPlugins(join(folder, 'gone'))).toEqual([]);
});

it('tells it before kubectl is started, where the inventory names the file, and not where the user does', async () => {
  writeFileSync(path, 'users: [{name: a, user: {exec: {command: ./evil.sh}}}]');
  const told = async (own: boolean): Promise<readonly RunEvent[]> => {
    const events: RunEvent[] = [];
    const inventory = { path: 'i.yaml', cluster: { name: 'c', ...(own ? {} : { kubeconfig: path }) }, hosts: [] };
    const choice = { use: true, kubectl: '/nonexistent/kubectl', ...(own ? { kubeconfig: path } : {}) };
    const reached = await reachCluster(inventory, choice, {} as Connector, (event) => events.push(event));
    expect(reached.ok).toBe(false);
    return events;
  };
  expect(await told(false)).toEqual([
    { event: 'waiting', reason: `kubectl runs programs that ${path} (set in i.yaml) names: ./evil.sh` },
  ]);
  expect(await told(true)).toEqual([]);
});
