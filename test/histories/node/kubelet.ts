/** A kubelet as its unit, its ports and the API server show it. It runs with the files that were there when it started. */
import type { Appointment, Time } from '../time.js';
import type { Disk } from './disk.js';
import { configPath, dropInPath, kubeconfigPath } from './files.js';

/** The files of a kubelet, as one text to compare. */
export interface Files {
  readonly config: string | undefined;
  readonly dropIn: string | undefined;
  readonly mode: number | undefined;
}

export function filesOn(disk: Disk): Files {
  return {
    config: disk.find(configPath)?.data,
    dropIn: disk.find(dropInPath)?.data,
    mode: disk.find(kubeconfigPath)?.meta.mode,
  };
}

/** What a kubelet that runs does, and since when. */
interface Running {
  readonly pid: number;
  readonly invocation: number;
  /** Milliseconds of virtual time. */
  readonly at: number;
  /** What it has read. */
  readonly files: Files;
  renewals: number;
}

export interface KubeletWorld {
  readonly time: Time;
  readonly disk: () => Disk;
  /** The drop-in as systemd has loaded it. */
  readonly loadedDropIn: () => string | undefined;
  readonly started: (files: Files) => void;
  /** It lives, answers, and told the API server so: what a gate must have seen. */
  readonly proved: () => void;
  /** The gate cannot ask the API server, so that leases count for nothing. */
  readonly isAlone: boolean;
  readonly leaseEvery: number;
}

/** Milliseconds of RestartSec. */
const restartDelay = 3000;

export class Kubelet {
  running: Running | undefined;
  restarts = 0;
  /** When it last told the API server that it lives; its answer to `Ready` follows from that. */
  renewedAt = -1_000_000;
  private invocations = 0;
  private pids = 1000;
  private readonly world: KubeletWorld;
  private events: Appointment[] = [];

  constructor(world: KubeletWorld) {
    this.world = world;
  }

  start(): void {
    if (this.running !== undefined) return;
    const { time } = this.world;
    this.invocations += 1;
    this.pids += 1;
    const seen = filesOn(this.world.disk());
    const files = { ...seen, dropIn: this.world.loadedDropIn() };
    this.running = { pid: this.pids, invocation: this.invocations, at: time.now, files, renewals: 0 };
    this.world.started(files);
    if (files.config?.includes('crash: true') === true) this.later(1500, () => this.die());
    else if (files.config?.includes('sick: true') !== true) {
      this.later(700, () => this.renew());
      if (this.world.isAlone) this.later(restartDelay, () => this.world.proved());
    }
  }

  stop(): void {
    for (const event of this.events) event.cancel();
    this.events = [];
    this.running = undefined;
  }

  /** A fault or a bug of its own; systemd starts it again. */
  die(): void {
    if (this.running === undefined) return;
    this.stop();
    this.later(restartDelay, () => {
      this.restarts += 1;
      this.start();
    });
  }

  get isHealthy(): boolean {
    const { running } = this;
    if (running === undefined || running.files.config?.includes('sick: true') === true) return false;
    return this.world.time.now - running.at > 500;
  }

  get invocation(): string {
    return this.invocations === 0 ? '' : `inv${this.invocations}`;
  }

  /** As the API server lists it: a node that says nothing stays Ready for a while. */
  ready(): 'True' | 'Unknown' {
    return this.world.time.now - this.renewedAt < 40_000 ? 'True' : 'Unknown';
  }

  private renew(): void {
    if (this.running === undefined) return;
    this.renewedAt = this.world.time.now;
    this.running.renewals += 1;
    if (this.running.renewals === 2 && !this.world.isAlone) this.world.proved();
    this.later(this.world.leaseEvery, () => this.renew());
  }

  private later(delay: number, work: () => void): void {
    this.events = [...this.events.slice(-4), this.world.time.after(delay, work)];
  }
}
