/** A simulated node: its disk, its processes, systemd and the kubelet, through power cuts and boots. */
import { script } from '../../../src/node/scripts.js';
import type { OpenFile } from '../shell/kernel.js';
import { parse } from '../shell/parser.js';
import type { Random } from '../random.js';
import type { Time } from '../time.js';
import { Disk, type FileSystem } from './disk.js';
import { installFiles } from './files.js';
import { type Files, Kubelet } from './kubelet.js';
import { type Ended, Process, type ProcessName } from './process.js';
import { type UnitCommand, Systemd, commandOf } from './systemd.js';

/** What a machine tells those who watch it. */
export interface Watcher {
  /**
   * Before each command. The answer says what becomes of it: it runs, fails, or comes so many milliseconds later. The machine may be
   * down then, or the process gone.
   */
  command(machine: Machine, process: Process, argv: readonly string[]): 'run' | 'fail' | number;
  kubeletStarted(machine: Machine, files: Files, atBoot: boolean): void;
  /** Its kubelet has shown to be healthy. */
  proved(machine: Machine): void;
  told(text: string): void;
}

export interface MachineSettings {
  readonly name: string;
  readonly fileSystem: FileSystem;
  /** Milliseconds. */
  readonly leaseEvery: number;
  readonly isAlone: boolean;
}

const bootUnit = '/etc/systemd/system/multi-user.target.wants/kubelatch-boot.service';

export class Machine {
  readonly name: string;
  readonly time: Time;
  readonly disk: Disk;
  readonly kubelet: Kubelet;
  readonly processes = new Set<Process>();
  private readonly random: Random;
  private readonly watcher: Watcher;
  private readonly locks = new Map<number, OpenFile>();
  systemd: Systemd;
  isUp = true;
  /** Logins are possible. */
  isReachable = true;
  boots = 1;
  private bootedAt = 0;
  private isStarting = false;

  constructor(settings: MachineSettings, time: Time, random: Random, watcher: Watcher) {
    this.name = settings.name;
    this.time = time;
    this.random = random;
    this.watcher = watcher;
    this.disk = new Disk(settings.fileSystem, () => time.now);
    installFiles(this.disk);
    this.disk.flushAll();
    this.installKernel();
    this.bootedAt = -600_000;
    this.kubelet = new Kubelet({
      time,
      disk: () => this.disk,
      loadedDropIn: () => this.systemd.dropIn,
      started: (files) => watcher.kubeletStarted(this, files, this.isStarting),
      proved: () => watcher.proved(this),
      leaseEvery: settings.leaseEvery,
      isAlone: settings.isAlone,
    });
    this.systemd = this.newSystemd();
    this.kubelet.start();
  }

  private installKernel(): void {
    const { special } = this.disk;
    special.set('/proc/1/stat', () => `1 (systemd) S 0 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 ${this.boots} 0`);
    special.set('/proc/sys/kernel/random/boot_id', () => `boot-${this.boots}\n`);
    special.set('/proc/uptime', () => `${((this.time.now - this.bootedAt) / 1000).toFixed(2)} 0.00\n`);
    special.set('/proc/self/mountinfo', () => '1 0 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n');
  }

  private newSystemd(): Systemd {
    return new Systemd({
      time: this.time,
      disk: () => this.disk,
      kubelet: () => this.kubelet,
      uptime: () => this.time.now - this.bootedAt,
      run: (command, ended) => this.unit(command, (end) => ended(end.status)),
    });
  }

  /** Milliseconds until a command begins: others may come first. */
  pace(argv: readonly string[]): number {
    return 1 + this.random.below(argv[0] === 'sync' ? 12 : 3);
  }

  command(process: Process, argv: readonly string[]): void {
    const decision = this.watcher.command(this, process, argv);
    if (typeof decision === 'number') process.wait(decision, argv);
    else process.resume(decision);
  }

  /** Runs a program's text, such as that of a call over SSH. */
  run(name: ProcessName, text: string, args: readonly string[], ended: (end: Ended) => void): Process {
    const process = new Process(this, name, parse(text), args, ended);
    this.processes.add(process);
    return process;
  }

  /** Runs a verb of txn.sh, as one that was sent. */
  startVerb(name: ProcessName, args: readonly string[], ended: (end: Ended) => void): void {
    const bytes = args.map((one) => Buffer.from(one, 'utf8').toString('latin1'));
    this.run(name, script('txn'), bytes, ended);
  }

  /** Runs what a unit says: the program that is on the disk. */
  private unit({ program, args }: UnitCommand, ended: (end: Ended) => void): { kill(): void } {
    const text = this.disk.find(program)?.data;
    const name = { verb: args[0] ?? '', by: 'systemd' };
    // Only the whole text ends with the line that runs it.
    const isWhole = text !== undefined && text === script('txn');
    if (isWhole) return this.run(name, text, args, ended);
    const failing = this.time.after(1, () => ended({ status: text === undefined ? 127 : 2, stdout: '', stderr: '' }));
    return { kill: () => failing.cancel() };
  }

  lock(file: OpenFile): boolean {
    const { inode } = file;
    if (inode === undefined) return false;
    const holder = this.locks.get(inode.id);
    if (holder !== undefined && holder !== file) return false;
    this.locks.set(inode.id, file);
    return true;
  }

  release(file: OpenFile): void {
    if (file.inode !== undefined && this.locks.get(file.inode.id) === file) this.locks.delete(file.inode.id);
  }

  /** The power is cut, and comes back after `dark` milliseconds. `keep`: nothing of the disk is lost, as in a reset of the kernel. */
  cut(dark: number, keep: boolean): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.isReachable = false;
    this.systemd.end();
    this.kubelet.stop();
    for (const process of [...this.processes]) process.kill();
    this.locks.clear();
    this.disk.cut(this.random, keep);
    this.time.after(dark, () => this.boot());
  }

  private boot(): void {
    this.isUp = true;
    this.boots += 1;
    this.bootedAt = this.time.now - 2000;
    this.watcher.told(`${this.name} boots`);
    this.systemd = this.newSystemd();
    this.time.after(500 + this.random.below(6000), () => {
      this.isReachable = this.isUp;
    });
    const { boots } = this;
    const startKubelet = (): void => {
      if (!this.isUp || this.boots !== boots) return;
      this.isStarting = true;
      this.kubelet.start();
      this.isStarting = false;
    };
    const text = this.disk.find(bootUnit)?.data;
    const command = commandOf(text);
    const isOrdered = /^Before=kubelet\.service$/m.test(text ?? '');
    if (command === undefined) {
      this.time.after(300, startKubelet);
      return;
    }
    // Both are started at once then.
    if (!isOrdered) this.time.after(20, startKubelet);
    let isDone = false;
    const process = this.unit(command, () => {
      isDone = true;
      if (isOrdered) this.time.after(50, startKubelet);
    });
    // TimeoutStartSec.
    this.time.after(180_000, () => {
      if (!isDone && this.boots === boots) process.kill();
    });
  }
}
