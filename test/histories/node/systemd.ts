/** systemd on a simulated node: units as it has loaded them, the switch's service and timer, and the kubelet's unit. */
import type { Call, Steps } from '../shell/kernel.js';
import type { Appointment, Time } from '../time.js';
import type { Disk } from './disk.js';
import { dropInPath } from './files.js';
import type { Kubelet } from './kubelet.js';

const folder = '/etc/systemd/system';
const service = 'kubelatch-switch.service';
const timer = 'kubelatch-switch.timer';
const kubeletUnit = 'kubelet.service';

/** What a unit tells to run. */
export interface UnitCommand {
  readonly program: string;
  readonly args: readonly string[];
}

export interface SystemdWorld {
  readonly time: Time;
  readonly disk: () => Disk;
  readonly kubelet: () => Kubelet;
  /** Milliseconds since the boot. */
  readonly uptime: () => number;
  /** Starts a process; `ended` gets its exit status, or undefined for one that was killed. */
  readonly run: (command: UnitCommand, ended: (status: number | undefined) => void) => { kill(): void };
}

export const commandOf = (text: string | undefined): UnitCommand | undefined => {
  const words = /^ExecStart=\/bin\/sh (\S+) (\S+) (\S+)$/m.exec(text ?? '');
  return words === null ? undefined : { program: words[1] ?? '', args: words.slice(2) };
};

/** One boot of systemd. */
export class Systemd {
  private readonly world: SystemdWorld;
  private readonly loaded = new Map<string, string>();
  private process: { kill(): void } | undefined;
  private again: Appointment | undefined;
  /** Undefined: the timer is not active. `fires`: undefined once it has elapsed. */
  timer: { readonly since: number; span: number; from: number; fires: Appointment | undefined } | undefined;
  dropIn: string | undefined;
  private isOver = false;

  constructor(world: SystemdWorld) {
    this.world = world;
    this.dropIn = world.disk().find(dropInPath)?.data;
  }

  /** The machine goes down. */
  end(): void {
    this.isOver = true;
    this.stopTimer();
    this.again?.cancel();
    this.again = undefined;
    this.process = undefined;
  }

  get isArmed(): boolean {
    return this.timer?.fires !== undefined;
  }

  get serviceRuns(): boolean {
    return this.process !== undefined || this.again !== undefined;
  }

  reload(): void {
    this.dropIn = this.world.disk().find(dropInPath)?.data;
    for (const name of [...this.loaded.keys()]) {
      const text = this.world.disk().find(`${folder}/${name}`)?.data;
      if (text !== undefined) this.loaded.set(name, text);
      else if (!this.isActive(name)) this.loaded.delete(name);
    }
    // An active timer of this kind begins again from zero.
    if (this.timer?.fires !== undefined) this.beginTimer(this.timer.since);
  }

  private text(name: string): string | undefined {
    const known = this.loaded.get(name);
    if (known !== undefined) return known;
    const text = this.world.disk().find(`${folder}/${name}`)?.data;
    if (text !== undefined) this.loaded.set(name, text);
    return text;
  }

  private isActive(name: string): boolean {
    if (name === timer) return this.timer !== undefined;
    if (name === service) return this.process !== undefined;
    return name === kubeletUnit && this.world.kubelet().running !== undefined;
  }

  startService(): boolean {
    this.again?.cancel();
    this.again = undefined;
    if (this.process !== undefined) return true;
    const text = this.text(service);
    const command = commandOf(text);
    if (command === undefined) return false;
    const ended = (status: number | undefined): void => {
      if (this.isOver) return;
      this.process = undefined;
      const restarts = this.text(service)?.includes('Restart=on-failure') === true;
      if (status !== 0 && restarts) this.again = this.world.time.after(2000, () => this.startService());
    };
    this.process = this.world.run(command, ended);
    return true;
  }

  stopService(): void {
    this.again?.cancel();
    this.again = undefined;
    const { process } = this;
    this.process = undefined;
    process?.kill();
  }

  private startTimer(): boolean {
    this.stopTimer();
    if (!/^OnActiveSec=\d+s$/m.test(this.text(timer) ?? '')) return false;
    this.beginTimer(this.world.uptime());
    return true;
  }

  private beginTimer(since: number): void {
    this.timer?.fires?.cancel();
    const span = Number(/^OnActiveSec=(\d+)s$/m.exec(this.text(timer) ?? '')?.[1] ?? '0') * 1000;
    const fires = this.world.time.after(span, () => {
      if (this.timer !== undefined) this.timer.fires = undefined;
      this.startService();
    });
    this.timer = { since, span, from: this.world.uptime(), fires };
  }

  private stopTimer(): void {
    this.timer?.fires?.cancel();
    this.timer = undefined;
  }

  private show(names: string, unit: string): string {
    const kubelet = this.world.kubelet();
    const values: Record<string, string> = {};
    if (unit === timer) {
      const { timer: at } = this;
      values['ActiveState'] = at === undefined ? 'inactive' : 'active';
      values['ActiveEnterTimestampMonotonic'] = String(Math.round((at?.since ?? 0) * 1000));
      values['NextElapseUSecMonotonic'] = at === undefined ? 'infinity' : spanText(at.from + at.span);
    } else {
      const { running } = kubelet;
      values['ActiveState'] = running === undefined ? 'inactive' : 'active';
      values['SubState'] = running === undefined ? 'dead' : 'running';
      values['MainPID'] = String(running?.pid ?? 0);
      values['InvocationID'] = kubelet.invocation;
      values['ControlGroup'] = '/system.slice/kubelet.service';
    }
    return names
      .split(',')
      .map((name) => `${name}=${values[name] ?? ''}\n`)
      .join('');
  }

  /** `systemctl ARGS`. */
  *command({ argv, files }: Call): Steps {
    const args = argv.slice(1).filter((word) => !['--', '--quiet', '--no-pager', '--no-block'].includes(word));
    const [verb = '', ...rest] = args;
    const unit = rest.at(-1) ?? '';
    const fails = (): number => {
      files.get(2)?.put('Job failed.\n');
      return 1;
    };
    switch (verb) {
      case 'daemon-reload':
        this.reload();
        return 0;
      case 'show': {
        const names = rest[rest.indexOf('-p') + 1] ?? '';
        const text = this.show(names, unit);
        files.get(1)?.put(args.includes('--value') ? text.slice(text.indexOf('=') + 1) : text);
        return 0;
      }
      case 'is-active':
        return this.isActive(unit) ? 0 : 3;
      case 'reset-failed':
        return 0;
      case 'stop':
        if (unit === timer) this.stopTimer();
        else this.stopService();
        return 0;
      case 'start':
        return this.startService() ? 0 : fails();
      case 'restart':
        if (unit === timer) return this.startTimer() ? 0 : fails();
        return yield* this.restartKubelet();
      case 'try-restart':
        return this.world.kubelet().running === undefined ? 0 : yield* this.restartKubelet();
      default:
        throw new SyntaxError(`systemctl ${verb} is not known`);
    }
  }

  /** The job goes on if its caller dies. */
  private *restartKubelet(): Steps {
    const kubelet = this.world.kubelet();
    kubelet.stop();
    this.world.time.after(300, () => {
      if (!this.isOver) kubelet.start();
    });
    yield { kind: 'sleep', seconds: 0.4 };
    return 0;
  }
}

/** As systemd prints a span. */
function spanText(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const seconds = ((ms - minutes * 60_000) / 1000).toFixed(6).replace(/\.?0+$/, '');
  return `${minutes === 0 ? '' : `${minutes}min `}${seconds}s`;
}
