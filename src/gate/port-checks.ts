/** What the gate asks of a kubelet's ports, as anybody sees them: health, anonymous requests, the read-only port, the certificate. */
import { X509Certificate } from 'node:crypto';
import { probeAddresses, readOnlyPorts } from '../facts/kubelet-ports.js';
import type { HttpAnswer, PortRequest } from '../facts/node-http.js';
import { hostAndPort } from '../lib/ip-address.js';
import { unique } from '../lib/lists.js';
import type { Check, GateOptions, GateProbe } from './check.js';
import type { GateConnection } from './connection.js';

const unseen = { seen: 'not checked yet', passed: false };

export function portProbes(options: GateOptions, connection: GateConnection): GateProbe[] {
  const { expect, ports } = options;
  const wants = (setting: string): unknown => expect.find((one) => one.setting === setting)?.value;
  const probes: GateProbe[] = [];
  const bound = probeAddresses(ports.address);
  if (ports.healthz > 0) {
    const { healthz: port, healthzHost: host } = ports;
    const hosts = host === '127.0.0.1' ? probeAddresses(undefined) : [host];
    const asks = hosts.map((one) => ({ scheme: 'http', host: one, port, path: '/healthz' }) as const);
    probes.push(
      httpProbe(connection, 'healthz', asks, { status: 200, expected: `200 on ${hostAndPort(host, port)}/healthz` }),
    );
  }
  if (wants('authentication.anonymous.enabled') === false) {
    const asks = bound.map((host) => ({ scheme: 'https', host, port: ports.kubelet, path: '/pods' }) as const);
    probes.push(httpProbe(connection, 'anonymous-10250', asks, { status: 401, expected: '401 without credentials' }));
  }
  if (wants('readOnlyPort') === 0) {
    const asks = readOnlyPorts(ports).flatMap((port) =>
      unique([...probeAddresses(undefined), ...bound]).map(
        (host) => ({ scheme: 'http', host, port, path: '/pods' }) as const,
      ),
    );
    probes.push(httpProbe(connection, 'read-only-port', asks, { status: undefined, expected: 'nothing listens' }));
  }
  if (options.certificate !== undefined) {
    probes.push(
      certificateProbe(connection, options.certificate, { host: bound[0] ?? '127.0.0.1', port: ports.kubelet }),
    );
  }
  return probes;
}

/** The certificate that the port shows is the one that was issued. */
function certificateProbe(
  connection: GateConnection,
  pem: string,
  place: { readonly host: string; readonly port: number },
): GateProbe {
  const wanted = new X509Certificate(pem).fingerprint256;
  const check: Check = { check: 'serving-certificate', expected: 'the issued certificate', ...unseen };
  return {
    checks: [check],
    async poll() {
      const served = await connection.certificate(place);
      const passed = served.ok && served.value.fingerprint256 === wanted;
      const seen = served.ok ? (passed ? 'served' : 'another certificate') : served.error.message;
      Object.assign(check, { passed, seen, unchecked: !served.ok && served.error.kind === 'forward' });
    },
  };
}

interface Wanted {
  /** Undefined: that nobody listens on any of the addresses. */
  readonly status: number | undefined;
  readonly expected: string;
}

function httpProbe(
  connection: GateConnection,
  check: string,
  asks: readonly Omit<PortRequest, 'deadline'>[],
  wanted: Wanted,
): GateProbe {
  const state: Check = { check, expected: wanted.expected, seen: 'not checked yet', passed: false };
  return {
    checks: [state],
    async poll() {
      const answers = await askAll(connection, asks, wanted.status !== undefined);
      const seen = answers.length === 0 ? 'refused' : unique(answers.map(answerText)).join(', ');
      Object.assign(state, {
        seen,
        passed: seen === (wanted.status === undefined ? 'refused' : String(wanted.status)),
        definite: answers.some((answer) => answer.kind === 'status' && answer.status === 200),
        denied: answers.some(({ kind }) => kind === 'unknown') ? undefined : { atLeast: 0 },
      });
    },
  };
}

/** Those of addresses that somebody listens on; with `first` only the first of them, which tells for the others. */
async function askAll(connection: GateConnection, asks: readonly Omit<PortRequest, 'deadline'>[], first: boolean) {
  const answers: HttpAnswer[] = [];
  for (const ask of asks) {
    const answer = await connection.request(ask);
    if (answer.kind !== 'refused') answers.push(answer);
    if (first && answers.length > 0) break;
  }
  return answers;
}

function answerText(answer: HttpAnswer): string {
  if (answer.kind === 'status') return String(answer.status);
  return answer.kind === 'refused' ? 'refused' : `${answer.kind}: ${answer.reason}`;
}
