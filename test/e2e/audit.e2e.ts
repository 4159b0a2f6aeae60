/** audit finds every planted weakness, each with the place it comes from, and changes nothing. */
import { beforeAll, expect, it } from 'vitest';
import { configYaml, lineOf, unitFile, weaknesses } from './planted.js';
import { type Audit, type AuditedHost, type Source, failing, hostOf } from './results.js';
import { openScene, plantAll, processOf, readOn } from './scene.js';

const scene = openScene();
const { lab } = scene;
const nodes = ['n1', 'n2', 'n3'];
const inventory = scene.inventory([...nodes, 'cp1']);
let audit: Audit;

beforeAll(async () => {
  await plantAll(lab, nodes);
  audit = await scene.result<Audit>(0, ['audit', '-i', inventory]);
});

const findingOf = (host: AuditedHost, rule: string): { got: unknown; source: Source | null; status: string } => {
  const found = host.findings.find((one) => one.rule === rule);
  return { got: found?.got, source: found?.source ?? null, status: found?.status ?? 'none' };
};

it.each(['n1', 'n2'])('finds what is weak in the config.yaml of %s, line by line', async (node) => {
  const text = await readOn(lab, node, configYaml);
  const host = hostOf(audit, node);
  const fails = (got: unknown, ...keys: string[]): object => ({
    status: 'fail',
    got,
    source: { kind: 'file', path: configYaml, line: lineOf(text, ...keys) },
  });
  expect(host).toMatchObject({ status: 'judged', nodeName: node, distro: 'kubeadm', notes: [] });
  expect(failing(host)).toEqual(weaknesses);
  expect(findingOf(host, 'anonymous-auth')).toEqual(fails(true, 'authentication:', 'anonymous:', 'enabled:'));
  expect(findingOf(host, 'authn-webhook')).toEqual(fails(false, 'authentication:', 'webhook:', 'enabled:'));
  expect(findingOf(host, 'authorization-mode')).toEqual(fails('AlwaysAllow', 'authorization:', 'mode:'));
  expect(findingOf(host, 'read-only-port')).toEqual(fails(10255, 'readOnlyPort:'));
});

it('finds what is weak in the flags of n3, and in the defaults of a kubelet without --config', async () => {
  const text = await readOn(lab, 'n3', unitFile);
  const host = hostOf(audit, 'n3');
  const byFlag = (got: unknown, flag: string): object => ({
    status: 'fail',
    got,
    source: { kind: 'flag', path: unitFile, line: lineOf(text, flag), detail: `${flag} in ExecStart` },
  });
  const byDefault = (got: unknown): object => ({
    status: 'fail',
    got,
    source: { kind: 'default', detail: 'kubelet default (no --config)' },
  });
  expect(host).toMatchObject({ status: 'judged', nodeName: 'n3', distro: 'systemd', notes: [] });
  expect(failing(host)).toEqual(weaknesses);
  expect(findingOf(host, 'anonymous-auth')).toEqual(byFlag(true, '--anonymous-auth'));
  expect(findingOf(host, 'read-only-port')).toEqual(byFlag(10255, '--read-only-port'));
  expect(findingOf(host, 'authn-webhook')).toEqual(byDefault(false));
  expect(findingOf(host, 'authorization-mode')).toEqual(byDefault('AlwaysAllow'));
});

it.each(nodes)('sees the open doors of %s from the node itself', (node) => {
  const host = hostOf(audit, node);
  expect(findingOf(host, 'anonymous-request-refused')).toMatchObject({ status: 'fail', got: '200' });
  expect(findingOf(host, 'read-only-port-closed')).toMatchObject({ status: 'fail', got: '200' });
});

it('tells the places in the table for people, and counts findings only when asked to', async () => {
  const text = await readOn(lab, 'n1', configYaml);
  const shown = await scene.kubelatch(['audit', '-i', inventory, '--fail-on', 'critical']);
  expect(shown.code).toBe(2);
  expect(shown.stdout).toContain(`${configYaml}:${lineOf(text, 'authorization:', 'mode:')}`);
  expect(shown.stdout).toMatch(/Audit: 4 of 4 hosts judged/);
});

it('changes nothing', async () => {
  const look = async (): Promise<unknown> =>
    Promise.all(nodes.map(async (node) => [await lab.snapshot(node), await processOf(lab, node)]));
  const before = await look();
  await scene.result<Audit>(0, ['audit', '-i', inventory, '-p', 'cis-1.12', '-p', 'stig', '-p', 'tls']);
  expect(await look()).toEqual(before);
});
