/** Which host keys of the inventory are not known yet, host by host and jump host by jump host. Changes nothing by itself. */
import pLimit from 'p-limit';
import type { Host } from '../inventory/host.js';
import type { Result } from '../lib/result.js';
import type { ConnectOptions } from '../ssh/connect.js';
import type { HostError } from '../ssh/errors.js';
import { type HostKeyState, type NewKey, createKeyReader } from '../ssh/key-reader.js';
import { hostLimit } from './host-limit.js';

export interface KeySurvey {
  /** Hosts whose key, and those of all jump hosts on the way, are known. */
  readonly known: readonly string[];
  /** Each key once, jump hosts first, with the hosts that wait for it. */
  readonly unknown: readonly { readonly key: NewKey; readonly hosts: readonly string[] }[];
  /** A key changed or is revoked, or the host cannot be reached. */
  readonly failed: readonly { readonly host: string; readonly error: HostError }[];
}

export interface SurveyOptions {
  readonly connect: ConnectOptions;
  readonly forks: number;
  /** Types of keys to ask for first. */
  readonly prefer?: readonly string[] | undefined;
  readonly onHost?: ((host: string, state: HostKeyState) => void) | undefined;
}

export async function surveyHostKeys(hosts: readonly Host[], options: SurveyOptions): Promise<KeySurvey> {
  const { connect, forks, prefer, onHost = (): void => undefined } = options;
  const reader = createKeyReader(connect, prefer);
  const limit = hostLimit(forks);
  try {
    const states = await Promise.all(
      hosts.map((host) =>
        limit(host, async () => {
          const state = await reader.read(host);
          onHost(host.name, state);
          return { host: host.name, state };
        }),
      ),
    );
    return sorted(states);
  } finally {
    await reader.close();
  }
}

type Unknown = KeySurvey['unknown'][number];

/** What OpenSSH says of the certificate of each host that an authority in known_hosts may have signed. */
export async function checkCertificates(
  keys: readonly Unknown[],
  forks: number,
  onKey: (key: NewKey, isCertified: boolean) => void,
): Promise<readonly { readonly of: Unknown; readonly certified: Result<NewKey, string> }[]> {
  const limit = pLimit(forks);
  return Promise.all(
    keys.map((of) =>
      limit(async () => {
        const certified = await of.key.certified();
        onKey(of.key, certified.ok);
        return { of, certified };
      }),
    ),
  );
}

function sorted(states: readonly { readonly host: string; readonly state: HostKeyState }[]): KeySurvey {
  const unknown = new Map<string, { readonly key: NewKey; readonly hosts: string[] }>();
  for (const { host, state } of states) {
    if (state.kind !== 'new') continue;
    const one = unknown.get(state.key.id) ?? { key: state.key, hosts: [] };
    one.hosts.push(host);
    unknown.set(state.key.id, one);
  }
  return {
    known: states.filter(({ state }) => state.kind === 'known').map(({ host }) => host),
    unknown: [...unknown.values()].toSorted((a, b) => Number(b.key.isJump) - Number(a.key.isJump)),
    failed: states.flatMap(({ host, state }) => (state.kind === 'failed' ? [{ host, error: state.error }] : [])),
  };
}
