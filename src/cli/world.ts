/** What a verb gets to work with, made from the flags: hosts, playbooks, connections, screen. */
import { readFile, writeFile } from 'node:fs/promises';
import type { RunEvent } from '../apply/outcome.js';
import type { Host, Inventory } from '../inventory/host.js';
import { readInventory } from '../inventory/load.js';
import { selectHosts } from '../inventory/select.js';
import { isoTime } from '../lib/clock.js';
import { ToolError, messageOf } from '../lib/errors.js';
import { type Log, createLog } from '../lib/log.js';
import { runsFolder } from '../lib/paths.js';
import type { Run } from '../stages/run.js';
import { loadPlaybook } from '../playbook/load.js';
import type { Playbook } from '../playbook/schema.js';
import type { TextOptions } from '../report/layout.js';
import { eventLine } from '../report/ndjson.js';
import { type Connector, createConnector } from '../ssh/connect.js';
import { type Progress, createProgress } from '../terminal/progress.js';
import { type Prompts, createPrompts } from '../terminal/prompt.js';
import { createStyle, wantsColor } from '../terminal/style.js';
import type { Flags } from './options.js';
import type { Stops } from './stops.js';

export interface World {
  readonly flags: Flags;
  readonly env: NodeJS.ProcessEnv;
  readonly stops: Stops;
  readonly version: string;
  readonly progress: Progress;
  readonly prompts: Prompts;
  readonly log: Log;
  /** A person sits at a terminal and may be asked. */
  readonly interactive: boolean;
  /** For texts on stdout. */
  readonly text: TextOptions;
  /** For texts on stderr, where plans are shown before a question. */
  readonly errText: TextOptions;
}

export function createWorld(flags: Flags, stops: Stops, version: string): World {
  const { env, stderr, stdout, stdin } = process;
  const inCi = (env['CI'] ?? '') !== '' && env['CI'] !== 'false';
  const isTty = stderr.isTTY && !inCi;
  const interactive = isTty && stdin.isTTY && flags.input && flags.inventory !== '-';
  const color = (stream: NodeJS.WriteStream): boolean => wantsColor({ flag: flags.color, env, isTty: stream.isTTY });
  const errStyle = createStyle(color(stderr));
  const progress = createProgress({ stderr, isTty: isTty && stderr.columns > 0, quiet: flags.quiet, style: errStyle });
  const log = createLog(flags.logFile, (line) => progress.print(line));
  stops.tellBy((line) => {
    log({ event: 'log', line });
    progress.print(line);
  });
  const toFile = flags.outputFile !== undefined;
  const wide = flags.output === 'wide';
  const columns = wide ? Infinity : stdout.isTTY && !toFile ? columnsOf(stdout) : 80;
  return {
    flags,
    env,
    stops,
    version,
    progress,
    prompts: createPrompts({
      stdin,
      stderr,
      isTty: interactive,
      noInput: !flags.input,
      style: errStyle,
      signal: stops.drain,
      aside: (ask) => progress.aside(ask),
    }),
    log,
    interactive,
    text: { width: columns, wide, style: createStyle(!toFile && color(stdout)) },
    errText: { width: stderr.isTTY ? columnsOf(stderr) : 80, wide: false, style: errStyle },
  };
}

/** A terminal that was never told its size has none. */
const columnsOf = (stream: NodeJS.WriteStream): number => stream.columns || 80;

/** The inventory with the selected hosts. */
export async function loadHosts({ flags }: World): Promise<{ inventory: Inventory; hosts: readonly Host[] }> {
  const inventory = await readInventory(flags.inventory);
  const hosts = selectHosts(inventory, { limit: flags.limit, exclude: flags.exclude });
  if (hosts.length === 0)
    throw new ToolError('usage', 'no host is left by --limit and --exclude', { hint: 'kubelatch inventory shows all' });
  return { inventory, hosts };
}

export const loadPlaybooks = ({ flags }: World): Promise<Playbook[]> =>
  Promise.all((flags.playbook ?? ['baseline']).map((one) => loadPlaybook(one)));

/** Runs `work` with everything open, and closes it whatever happens. */
export async function withRun<T>(
  world: World,
  loaded: { readonly inventory: Inventory; readonly hosts: readonly Host[]; readonly playbooks: readonly Playbook[] },
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const { flags, progress, log } = world;
  const connector = openConnector(world);
  try {
    return await work({
      version: world.version,
      ...loaded,
      connector,
      clusterChoice: {
        kubeconfig: flags.kubeconfig,
        context: flags.context,
        kubectl: flags.kubectl,
        use: flags.cluster,
      },
      wishes: { moveArguments: flags.moveArguments ?? false },
      forks: flags.forks,
      timeout: flags.timeout,
      runsFolder: runsFolder(world.env),
      drain: world.stops.drain,
      report: (event) => {
        world.stops.onEvent(event);
        // Hosts that are left behind are no failures.
        if (world.stops.leave.aborted) return;
        progress.onEvent(event);
        log({ ...event });
        if (flags.output === 'ndjson') printEvent(event);
      },
    });
  } finally {
    world.stops.settled();
    await connector.close();
    await progress.stop();
  }
}

let currentRun: string | undefined;
function printEvent(event: RunEvent): void {
  if (event.event === 'run-started') currentRun = event.run;
  process.stdout.write(eventLine(event, { time: isoTime(), run: currentRun }));
}

function openConnector({ flags, env, prompts, progress, log, stops }: World): Connector {
  return createConnector({
    hostKeys: flags.hostKeys,
    connectTimeout: Math.min(flags.timeout, 20_000),
    env,
    signal: stops.leave,
    secrets: prompts.secrets,
    log: (line) => {
      log({ event: 'log', line });
      if (flags.verbose > 0) progress.print(line);
    },
  });
}

/** The result: on stdout, or in the file that --output-file names. What was left half done is none. Throws ToolError where that cannot be. */
export async function printResult({ flags, stops }: World, text: string): Promise<void> {
  if (stops.leave.aborted) return;
  if (flags.outputFile === undefined) {
    await new Promise<void>((resolve) =>
      process.stdout.write(text, () => {
        resolve();
      }),
    );
    return;
  }
  try {
    await writeFile(flags.outputFile, text);
  } catch (error) {
    throw new ToolError('usage', `--output-file ${flags.outputFile}: ${messageOf(error)}`, { cause: error });
  }
}

export async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ToolError('usage', `${what} ${path}: ${messageOf(error)}`, { cause: error });
  }
}
