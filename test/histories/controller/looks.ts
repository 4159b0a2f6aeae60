/** What a node's unit and ports show to those who look: the answers of watch.sh and http.sh. */
import type { Kubelet } from '../node/kubelet.js';

const b64 = (text: string): string => Buffer.from(text).toString('base64');

export function watchAnswer({ running, restarts }: Kubelet): string {
  const pid = running?.pid ?? 0;
  const ticks = Math.round(running?.at ?? 0) + 1_000_000;
  const stat = `${pid} (kubelet) S 1 ${Array.from({ length: 17 }, () => '0').join(' ')} ${ticks} 0`;
  return [
    `ActiveState=${running === undefined ? 'activating' : 'active'}`,
    `SubState=${running === undefined ? 'auto-restart' : 'running'}`,
    `MainPID=${pid}`,
    `NRestarts=${restarts}`,
    'RestartUSec=3s',
    ...(running === undefined ? [] : [`process=${pid} ${b64(stat)}`]),
    'log=',
    'end=',
    '',
  ].join('\n');
}

/** `args`: scheme, host, port, path. */
export function portAnswer({ isHealthy, running }: Kubelet, [, host, port]: readonly string[]): string {
  if (host !== '127.0.0.1' || running === undefined) return 'refused\n';
  if (port === '10248') return isHealthy ? 'status 200\n' : 'status 500\n';
  const isClosed = (running.files.config ?? '').includes('enabled: false');
  return isHealthy ? `status ${isClosed ? 401 : 200}\n` : 'refused\n';
}
