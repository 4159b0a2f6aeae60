/** Whether each host can be used: reached, logged in to, and root. Changes nothing and reads no kubelet. */
import pLimit from 'p-limit';
import type { Report } from '../apply/outcome.js';
import type { Host } from '../inventory/host.js';
import { script } from '../node/scripts.js';
import type { Connector } from '../ssh/connect.js';
import type { HostError } from '../ssh/errors.js';

export interface CheckOptions {
  readonly connector: Connector;
  readonly forks: number;
  /** Milliseconds for one call. */
  readonly timeout: number;
  readonly report: Report;
}

export interface CheckedHost {
  readonly host: string;
  readonly error: HostError | undefined;
}

export async function checkHosts(hosts: readonly Host[], options: CheckOptions): Promise<CheckedHost[]> {
  const limit = pLimit(options.forks);
  return Promise.all(hosts.map((host) => limit(() => checkHost(host, options))));
}

async function checkHost(host: Host, { connector, timeout, report }: CheckOptions): Promise<CheckedHost> {
  report({ event: 'connecting', host: host.name });
  const session = await connector.connect(host);
  if (!session.ok) return { host: host.name, error: session.error };
  const ran = await session.value.run(script('txn'), ['list', 'all'], { deadline: timeout });
  await session.value.close();
  report({ event: 'judged', host: host.name });
  return { host: host.name, error: ran.ok ? undefined : ran.error };
}
