/** Lists the keys in the ssh-agent, including those that ssh2 cannot use. */
import { connect } from 'node:net';
import ssh2 from 'ssh2';
import type { ParsedKey } from 'ssh2';
import { oneLine } from '../lib/sanitize.js';
import { keyTypeOf } from './known-hosts.js';

export interface AgentKey {
  readonly type: string;
  readonly comment: string;
  /** undefined for certificates and security keys, which ssh2 does not support. */
  readonly key: ParsedKey | undefined;
}

const DEADLINE = 5_000;
const MAX_ANSWER = 256 * 1024;
const REQUEST_IDENTITIES = Buffer.from([0, 0, 0, 1, 11]);
const IDENTITIES_ANSWER = 12;

/** The keys in the agent's order. Rejects if there is no valid answer within 5 s. */
export function listAgentKeys(socketPath: string): Promise<AgentKey[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let data = Buffer.alloc(0);
    const stop = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(DEADLINE, () => stop(new Error(`no answer within ${DEADLINE / 1000} s`)));
    socket.on('error', stop);
    socket.on('close', () => stop(new Error('it closed the connection')));
    socket.on('data', (chunk) => {
      data = Buffer.concat([data, chunk]);
      if (data.length < 4) return;
      const length = data.readUInt32BE(0);
      if (length > MAX_ANSWER) stop(new Error('its answer is too long'));
      else if (data.length >= 4 + length) {
        try {
          resolve(parseIdentities(data.subarray(4, 4 + length)));
        } catch {
          reject(new Error('its answer is malformed'));
        }
        socket.destroy();
      }
    });
    socket.write(REQUEST_IDENTITIES);
  });
}

function parseIdentities(message: Buffer): AgentKey[] {
  if (message[0] !== IDENTITIES_ANSWER) return [];
  let at = 5;
  const next = (): Buffer => {
    const length = message.readUInt32BE(at);
    if (at + 4 + length > message.length) throw new RangeError('field beyond the end');
    const field = message.subarray(at + 4, at + 4 + length);
    at += 4 + length;
    return field;
  };
  return Array.from({ length: Math.min(message.readUInt32BE(1), 1000) }, () => {
    const blob = next();
    const parsed = ssh2.utils.parseKey(blob);
    const key = parsed instanceof Error ? undefined : parsed;
    return { type: oneLine(keyTypeOf(blob), 60), comment: oneLine(next().toString('utf8'), 80), key };
  });
}
