/** One history: a world made from a seed, in which kubelatch runs and things go wrong, and what was not as it must be. */
import { ApiServer } from './controller/api-server.js';
import { setStage } from './controller/controllers.js';
import { cutJournals, newJournals } from './controller/journal-files.js';
import { Link } from './controller/link.js';
import { setGateway } from './controller/open-cluster.js';
import type { Verbs } from './controller/verbs.js';
import { type Fault, Faults, textOf } from './faults.js';
import { type ChangeShape, newFiles, sameFiles } from './node/files.js';
import type { Files } from './node/kubelet.js';
import { Machine } from './node/machine.js';
import type { Process } from './node/process.js';
import { type Invariant, type Violation, changesOn, openChanges, ownerOf, stateOf } from './oracle.js';
import { randomFrom } from './random.js';
import { act } from './scenario.js';
import { type Setting, textOfSetting } from './setting.js';
import { Time } from './time.js';

export interface History {
  readonly setting: Setting;
  readonly violation: Violation | undefined;
  /** What happened, in plain words. */
  readonly told: readonly string[];
  /** Faults that came to pass. */
  readonly came: readonly Fault[];
  /** How the runs ended. */
  readonly ends: readonly string[];
  /** Virtual milliseconds; commands on nodes. */
  readonly took: number;
  readonly commands: number;
}

/** Milliseconds of virtual time after which a history must be over. */
const limit = 4 * 3_600_000;

/** The world of one history. */
export class World {
  readonly setting: Setting;
  readonly time = new Time();
  readonly faults: Faults;
  readonly machines: readonly Machine[];
  readonly verbs: Verbs;
  readonly random;
  readonly told: string[] = [];
  readonly ends: string[] = [];
  /** What each run was to write, by its id. */
  readonly shapes = new Map<string, ChangeShape>();
  violation: Violation | undefined;
  /** From here on a confirmed change may be taken back. */
  isRollbackBegun = false;
  commands = 0;
  private readonly proved = new Map<string, number>();
  /** A process of the boot unit was killed: what starts afterwards is not its fault. */
  private isBootKilled = false;
  /** Somebody took away what reverts by itself: the node is left until its next boot, or until a resume. */
  needsHelp = false;

  constructor(setting: Setting) {
    this.setting = setting;
    this.random = randomFrom(setting.seed ^ 0x5bd1e995);
    this.faults = new Faults(setting.faults);
    const { time, faults, random } = this;
    setStage({ time, random: randomFrom(setting.seed ^ 0x1234567), controllers: [] });
    newJournals((text) => this.journalFault(text));
    this.machines = Array.from({ length: setting.hosts }, (_, index) => {
      const { fileSystem, leaseEvery, hasCluster } = setting;
      return new Machine({ name: `n${index + 1}`, fileSystem, leaseEvery, isAlone: !hasCluster }, time, random, {
        command: (machine, process, argv) => this.command(machine, process, argv),
        kubeletStarted: (machine, files, atBoot) => this.kubeletStarted(machine, files, atBoot),
        proved: (machine) => this.prove(machine),
        told: (text) => this.tell(text),
      });
    });
    setGateway(new ApiServer(this.machines, time, random));
    const links = new Map(
      this.machines.map((one) => [one.name, new Link(one, faults, random, (text) => this.tell(text))]),
    );
    this.verbs = {
      ...{ links, hasCluster: setting.hasCluster, keep: setting.keep },
      report: (event) => {
        if (event.event === 'host-done') this.tell(`${event.host} ends as ${event.outcome}: ${event.reason ?? ''}`);
      },
    };
  }

  tell(text: string): void {
    this.told.push(`${(this.time.now / 1000).toFixed(3).padStart(9)}  ${text}`);
  }

  violate(invariant: Invariant, why: string): void {
    if (this.violation !== undefined) return;
    this.violation = { invariant, why };
    this.tell(`VIOLATES ${invariant}: ${why}`);
  }

  private tellFault(place: string): void {
    const fault = this.faults.came.at(-1);
    if (fault !== undefined) this.tell(`FAULT on ${place}: ${textOf(fault)}`);
  }

  private journalFault(text: string): ReturnType<Faults['atJournal']> {
    const fault = this.faults.atJournal();
    if (fault === undefined) return fault;
    this.tellFault(`the journal (${text.trim().slice(0, 80)})`);
    // Its machine may have lost its power, too: what was not flushed is lost then, or a part of it.
    if (fault === 'death-after' && this.random.chance(0.5))
      this.time.after(0, () =>
        ['A', 'B'].forEach((place) => cutJournals(place, (size) => this.random.below(size + 1))),
      );
    return fault;
  }

  private command(machine: Machine, process: Process, argv: readonly string[]): 'run' | 'fail' | number {
    this.commands += 1;
    const { verb } = process.name;
    const fault = this.faults.atCommand(verb, machine.name, argv[0] ?? '');
    if (fault !== undefined) {
      this.tellFault(`${machine.name} (${argv.join(' ').slice(0, 100)})`);
      // As long as a deadline, or longer.
      if (fault === 'stall') return 5000 + this.random.below(70_000);
      if (this.meets(fault, machine, process) === 'fail') return 'fail';
    }
    if (this.setting.scenario === 'two-runs' && argv[0] === 'mv') this.checkOneRun(machine);
    if (process.isAlive) this.watchDecision(machine, argv);
    return 'run';
  }

  private meets(
    fault: Exclude<ReturnType<Faults['atCommand']>, 'stall' | undefined>,
    machine: Machine,
    process: Process,
  ): 'run' | 'fail' {
    switch (fault) {
      case 'cut':
      case 'reset':
        machine.cut(1000 + this.random.below(this.random.chance(0.3) ? 600_000 : 20_000), fault === 'reset');
        return 'run';
      case 'kill':
        if (process.name.verb === 'boot') this.isBootKilled = this.needsHelp = true;
        process.kill();
        return 'run';
      case 'trouble':
        return 'fail';
      case 'start':
        machine.kubelet.stop();
        machine.kubelet.start();
        return 'run';
      case 'reload':
        machine.systemd.reload();
        return 'run';
      case 'stop':
        machine.systemd.stopService();
        this.needsHelp = true;
        return 'run';
      case 'foreign':
        for (const run of changesOn(machine)) this.confirmAsAnother(machine, run);
        return 'run';
    }
  }

  private confirmAsAnother(machine: Machine, run: string): void {
    machine.startVerb({ verb: 'foreign', by: 'another run' }, ['confirm', run, 'another-nonce'], () => undefined);
  }

  /** A confirm that is about to be decided: its gate must have passed. */
  private watchDecision(machine: Machine, argv: readonly string[]): void {
    const [name, from = '', to = ''] = argv;
    if (name !== 'mv' || !to.endsWith('/decided-confirm') || machine.disk.find(from) === undefined) return;
    const run = to.split('/').at(-2) ?? '';
    this.tell(`${machine.name} decides to confirm`);
    const shape = this.shapes.get(run);
    if (shape === undefined || this.proved.get(`${machine.name} ${shape.number}`) !== machine.boots)
      this.violate('gate', `${machine.name} confirms ${run}, and its kubelet never proved healthy with the new files`);
  }

  /** What a gate can have seen until now. */
  private prove(machine: Machine): void {
    const { running } = machine.kubelet;
    if (running === undefined) return;
    for (const shape of this.shapes.values())
      if (sameFiles(running.files, newFiles(shape))) this.proved.set(`${machine.name} ${shape.number}`, machine.boots);
  }

  private kubeletStarted(machine: Machine, files: Files, atBoot: boolean): void {
    const owner = ownerOf(files, [...this.shapes.values()]);
    this.tell(
      `the kubelet of ${machine.name} starts with ${owner === 'old' ? 'old' : owner === 'mixed' ? 'mixed' : 'new'} files`,
    );
    if (!atBoot || owner === 'old' || this.isBootKilled) return;
    const run = [...this.shapes].find(([, shape]) => shape.number === owner)?.[0] ?? '';
    const state = stateOf(machine, run);
    if (owner === 'mixed') this.violate('start', `the kubelet of ${machine.name} starts at boot with mixed files`);
    else if (state !== 'confirmed')
      this.violate(
        'start',
        `the kubelet of ${machine.name} starts at boot with the files of a change that is ${state}`,
      );
  }

  /** Only one change may be open on a node. */
  private checkOneRun(machine: Machine): void {
    const open = openChanges(machine);
    if (open.length > 1) this.violate('one-run', `${open.join(' and ')} are open on ${machine.name}`);
  }

  /** Resolves in so many milliseconds of virtual time. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.time.after(ms, () => {
        this.time.wake();
        resolve();
      });
    });
  }
}

/** Plays the history of a setting. The same setting gives the same history. Rejects only for a fault of this program. */
export async function play(setting: Setting): Promise<History> {
  const world = new World(setting);
  world.tell(textOfSetting(setting));
  let isOver = false;
  let failure: Error | undefined;
  act(world).then(
    () => (isOver = true),
    (error: unknown) => {
      failure = error instanceof Error ? error : new Error(String(error));
      isOver = true;
    },
  );
  const ended = await world.time.pass(() => isOver, limit);
  if (failure !== undefined) throw failure;
  if (!ended) world.violate('ends', 'something still goes on after four hours');
  const { violation, told, ends, commands, time } = world;
  return { setting, violation, told, ends, commands, took: time.now, came: world.faults.came };
}
