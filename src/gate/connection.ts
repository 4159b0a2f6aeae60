/** The gate's connection to a node: all that the gate asks of the node itself goes over it, and a new one replaces a lost one. */
import type { X509Certificate } from 'node:crypto';
import { type HttpAnswer, type PortRequest, requestThroughNode, servedCertificate } from '../facts/node-http.js';
import type { WatchTarget } from '../facts/kubelet-setup.js';
import { type Result, ok } from '../lib/result.js';
import { script } from '../node/scripts.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';
import { type KubeletState, watchKubelet } from './kubelet-watch.js';

/** Milliseconds for one request to a port. */
const deadline = 5000;

export class GateConnection {
  readonly #connect: () => Promise<Result<Session, HostError>>;
  #session: Session;
  #isLost = false;
  /** The gate opened it itself, and closes it. */
  #isOwn = false;

  /** `connect`: makes a new connection, for when this one is lost. */
  constructor(session: Session, connect: () => Promise<Result<Session, HostError>>) {
    this.#session = session;
    this.#connect = connect;
  }

  /** The unit's state, with the newest `logLines` lines of its log. */
  async watch(target: WatchTarget, logLines: number): Promise<Result<KubeletState, HostError>> {
    const state = await watchKubelet(this.#session, target, logLines);
    this.#isLost = !state.ok && state.error.kind === 'lost';
    return state;
  }

  /** Two lines: the state of the packet filter's table, and the bytes that systemd counts for the unit. */
  async filterLines(unit: string): Promise<Result<readonly string[], HostError>> {
    const ran = await this.#session.run(script('filter'), [unit], { deadline: 30_000 });
    return ran.ok ? ok(ran.value.stdout.toString('utf8').split('\n')) : ran;
  }

  request(ask: Omit<PortRequest, 'deadline'>): Promise<HttpAnswer> {
    return requestThroughNode(this.#session, { ...ask, deadline });
  }

  /** The certificate that a port shows. `forward`: sshd does not allow port forwarding. */
  certificate(place: {
    readonly host: string;
    readonly port: number;
  }): Promise<Result<X509Certificate, { readonly kind: string; readonly message: string }>> {
    return servedCertificate(this.#session, { ...place, deadline });
  }

  /** A lost connection proves nothing about the kubelet: another one is opened, and the gate goes on. */
  async renewIfLost(): Promise<void> {
    if (!this.#isLost) return;
    const fresh = await this.#connect();
    if (!fresh.ok) return;
    await this.close();
    this.#session = fresh.value;
    this.#isLost = false;
    this.#isOwn = true;
  }

  /** Closes what the gate opened; the connection that it was given is its owner's. */
  async close(): Promise<void> {
    if (this.#isOwn) await this.#session.close();
  }
}
