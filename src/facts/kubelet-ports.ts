/** Where a kubelet listens, and what its ports answer to somebody without credentials. */
import type { Session } from '../ssh/session.js';
import { type KubeletSources, effectiveSetting } from './effective-kubelet.js';
import type { NodeFacts } from './node-facts.js';
import { type HttpAnswer, askNode } from './node-http.js';
import { settingByPath } from './settings.js';

export interface KubeletPorts {
  readonly kubelet: number;
  /** The port that the read-only server uses or used: 10255 where it is off. */
  readonly readOnly: number;
  /** 0: there is no health port. */
  readonly healthz: number;
  readonly healthzHost: string;
}

/** What an anonymous request saw. */
export interface DoorFacts {
  readonly ports: KubeletPorts;
  readonly kubelet: HttpAnswer;
  readonly readOnly: HttpAnswer;
}

export function portsOf(sources: KubeletSources, facts: NodeFacts): KubeletPorts {
  const value = (path: string): unknown => {
    const info = settingByPath.get(path);
    return info === undefined ? undefined : effectiveSetting(sources, info).value;
  };
  const number = (path: string): number => Number(value(path)) || 0;
  const bound = value('healthzBindAddress');
  const healthzHost = typeof bound === 'string' && !['', '0.0.0.0', '::'].includes(bound) ? bound : '127.0.0.1';
  const readOnly = number('readOnlyPort');
  // A health port that nobody has open today (readiness is served elsewhere) is not waited for tomorrow.
  const healthz = number('healthzPort');
  const served = facts.processes.length === 0 || facts.listening.some(({ port }) => port === healthz);
  return { kubelet: number('port') || 10250, readOnly: readOnly || 10255, healthz: served ? healthz : 0, healthzHost };
}

/** Asks both doors for the list of pods, as anybody could. */
export async function askDoors(session: Session, ports: KubeletPorts, deadline: number): Promise<DoorFacts> {
  const host = '127.0.0.1';
  const [kubelet, readOnly] = await Promise.all([
    askNode(session, { scheme: 'https', host, port: ports.kubelet, path: '/pods', deadline }),
    askNode(session, { scheme: 'http', host, port: ports.readOnly, path: '/pods', deadline }),
  ]);
  return { ports, kubelet, readOnly };
}
