/** Checks a kubelet through the API server: its running configuration, and its read-only port through the proxy. */
import { field, textOf } from '../cluster/api-object.js';
import type { Cluster } from '../cluster/cluster.js';
import type { ClusterError, Gateway } from '../cluster/gateway.js';
import { configzValue } from '../facts/effective-kubelet.js';
import { settingByPath } from '../facts/settings.js';
import type { Result } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { settingMeets, wantText } from '../playbook/want.js';
import { type Check, type Verdict, apiServerChecks, checkOf, unaskedChecks, unknownVerdict } from './check.js';
import type { Expected } from './expectations.js';

const origin = { from: 'api-server' } as const;

type Configz = Result<Readonly<Record<string, unknown>>, ClusterError>;

/** All checks through the API server. `readOnly`: the ports that a read-only server may use. */
export async function askApiServer(
  cluster: Cluster,
  node: string,
  readOnly: readonly number[],
  expected: readonly Expected[],
): Promise<Check[]> {
  const [reach, configz, ports] = await Promise.all([
    cluster.api.get(`/api/v1/nodes/${encodeURIComponent(node)}/proxy/healthz`, { bytes: 64 * 1024 }),
    cluster.configz(node),
    Promise.all(readOnly.map(async (port) => ({ port, answer: await askReadOnly(cluster.api, node, port) }))),
  ]);
  return [
    checkOf('api-server-reaches-kubelet', origin, judgeReach(reach), {
      evidence: [`nodes/${node}/proxy/healthz: ${reach.ok ? '200' : reach.error.message}`],
    }),
    checkOf('read-only-port-closed', origin, judgeProxied(ports.map(({ answer }) => answer)), {
      evidence: ports.map(
        ({ port, answer }) => `nodes/http:${node}:${port}/proxy/pods: ${answer.ok ? '200' : answer.error.message}`,
      ),
    }),
    ...judgeConfigz(configz, expected),
  ];
}

export const unaskedOfApiServer = (expected: readonly Expected[], reason: string): Check[] => [
  ...unaskedChecks(apiServerChecks, origin, reason),
  ...expected.flatMap((one) => configzCheck(one, unknownVerdict(reason))),
];

/** A node's name with a scheme and a port has the API server dial that port instead of the kubelet's own. */
const askReadOnly = (api: Gateway, node: string, port: number): ReturnType<Gateway['get']> =>
  api.get(`/api/v1/nodes/http:${encodeURIComponent(node)}:${port}/proxy/pods`, { bytes: 16 * 1024 * 1024 });

export function judgeReach(answer: Result<unknown, ClusterError>): Verdict {
  if (answer.ok) return { status: 'pass', seen: '200' };
  const { status, message } = answer.error;
  if (status === undefined) return unknownVerdict(message);
  const seen = String(status);
  // The API server refuses these credentials, or the kubelet the API server's: 403 does not tell which.
  if (status === 401 || status === 403) return unknownVerdict(message, seen);
  return { status: 'fail', seen, note: `logs and exec fail, too: ${message}` };
}

/** The API server passes on the status of an answer. If nothing listens, it answers with an error of its own. */
export function judgeProxied(answers: readonly Result<unknown, ClusterError>[]): Verdict {
  const served = answers.some((one) => one.ok || one.error.status === 404 || one.error.status === 405);
  if (served) return { status: 'fail', seen: '200', note: 'every pod of the node can be read there' };
  const messages = answers.flatMap((one) => (one.ok ? [] : [one.error.message]));
  const open = messages.find((message) => !/connect: connection refused/i.test(message));
  if (open !== undefined) return unknownVerdict(`the API server: ${open}`, 'no answer');
  return messages.length === 0 ? unknownVerdict('no port is known') : { status: 'pass', seen: 'refused' };
}

export function judgeConfigz(configz: Configz, expected: readonly Expected[]): Check[] {
  return expected.flatMap((one) => {
    const info = settingByPath.get(one.rule.setting);
    if (info === undefined || info.notInConfigz === true) return [];
    if (!configz.ok) return configzCheck(one, unknownVerdict(`configz: ${configz.error.message}`));
    const value = configzValue(configz.value, info);
    const meets = settingMeets(one.rule.setting, one.rule.want, value);
    return configzCheck(one, { status: meets ? 'pass' : 'fail', seen: oneLine(JSON.stringify(value ?? null), 200) });
  });
}

function configzCheck({ playbook, rule }: Expected, { status, seen, note }: Verdict): Check[] {
  const info = settingByPath.get(rule.setting);
  if (info === undefined || info.notInConfigz === true) return [];
  return [
    {
      check: 'running-configuration',
      title: rule.title,
      severity: rule.severity,
      status,
      from: 'api-server',
      via: undefined,
      playbook,
      setting: rule.setting,
      expected: wantText(rule.want),
      seen,
      evidence: [`configz, ${rule.setting}: ${seen}`],
      note,
    },
  ];
}

/** PEM bundle of the CAs that may have signed serving certificates, as the cluster itself tells: pods' CA, then clients' CA. */
export async function servingCas(cluster: Cluster): Promise<string | undefined> {
  const path = '/api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt';
  const [root, client] = await Promise.all([cluster.api.get(path), cluster.clientCa()]);
  const pem = root.ok ? textOf(field(field(root.value, 'data'), 'ca.crt')) : '';
  const all = [pem, client ?? ''].filter((one) => one.includes('BEGIN CERTIFICATE'));
  return all.length === 0 ? undefined : all.join('\n');
}
