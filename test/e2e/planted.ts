/** What the lab plants, told from the planted text itself: where each weakness stands, and how a file reads once it is mended. */
import { expect } from 'vitest';
import type { Lab } from '../lab/lab.js';

export const configYaml = '/var/lib/kubelet/config.yaml';
export const unitFile = '/etc/systemd/system/kubelet.service';
export const defaultsFile = '/etc/default/kubelet';

/** The number of the line, from 1, on which the last of `keys` stands, each looked for below the one before. */
export function lineOf(text: string, ...keys: readonly string[]): number {
  const lines = text.split('\n');
  let at = -1;
  for (const key of keys) {
    at = lines.findIndex((line, index) => index > at && line.includes(key));
    if (at < 0) return expect.fail(`${key} is not in the planted text`);
  }
  return at + 1;
}

/** The planted config.yaml with exactly what `baseline` asks for changed. */
export function hardenedConfig(planted: string): string {
  const changes: readonly (readonly [string, string])[] = [
    ['    enabled: true   #', '    enabled: false   #'],
    ['    cacheTTL: 0s\n    enabled: false', '    cacheTTL: 0s\n    enabled: true'],
    ['mode: AlwaysAllow', 'mode: Webhook'],
    ['readOnlyPort: 10255 #', 'readOnlyPort: 0 #'],
  ];
  return changes.reduce((text, [from, to]) => {
    expect(text.split(from), `${from} stands in the planted text just once`).toHaveLength(2);
    return text.replace(from, to);
  }, planted);
}

/** The weaknesses of every planted node, by rule. */
export const weaknesses = [
  'anonymous-auth',
  'anonymous-request-refused',
  'authn-webhook',
  'authorization-mode',
  'read-only-port',
  'read-only-port-closed',
] as const;

/** The node answers as a hardened one, from outside and through the API server. */
export async function expectClosed(lab: Lab, node: string): Promise<void> {
  expect(await lab.probe(node), node).toEqual({ anonymous10250: 401, port10255: 'refused' });
  expect((await lab.get(`/api/v1/nodes/${node}/proxy/healthz`)).status, `${node} through the API server`).toBe(200);
  expect(await configzOf(lab, node), node).toMatchObject({
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
    authorization: { mode: 'Webhook' },
  });
  // A port that is 0 is left out of the answer.
  expect((await configzOf(lab, node))['readOnlyPort'] ?? 0, node).toBe(0);
}

/** The node answers as it was planted, and its kubelet serves the API server. */
export async function expectOpen(lab: Lab, node: string): Promise<void> {
  expect(await lab.probe(node), node).toEqual({ anonymous10250: 200, port10255: 'open' });
  await lab.waitReady(node, { reachable: true });
}

async function configzOf(lab: Lab, node: string): Promise<Readonly<Record<string, unknown>>> {
  const { status, body } = await lab.get(`/api/v1/nodes/${node}/proxy/configz`);
  expect(status, `configz of ${node}`).toBe(200);
  return (JSON.parse(body) as { kubeletconfig: Record<string, unknown> }).kubeletconfig;
}
