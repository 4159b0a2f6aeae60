/** The context of a verb, made from its flags: hosts, playbooks, connections, screen. */
import type { RunEvent } from '../run/outcome.js';
import type { Host, Inventory } from '../inventory/host.js';
import { readInventory } from '../inventory/load.js';
import { selectHosts } from '../inventory/select.js';
import { type Shard, describeShard, hostsOfShard } from '../inventory/shard.js';
import { isoTime } from '../lib/clock.js';
import { ToolError, fileErrorOf } from '../lib/errors.js';
import { type Log, createLog } from '../lib/log.js';
import { runsFolder } from '../lib/paths.js';
import { sweepTempFolders } from '../lib/temp-folder.js';
import { createExaminer } from '../pipeline/examiner.js';
import type { Run } from '../pipeline/context.js';
import { forksFor } from '../pipeline/host-limit.js';
import { loadPlaybooks as loadPlaybooksNamed } from '../playbook/load.js';
import { onlyRules } from '../playbook/only-rules.js';
import { paceOf } from '../plan/rollout-time.js';
import type { Playbook } from '../playbook/schema.js';
import type { TextOptions } from '../report/layout.js';
import { eventLine } from '../report/ndjson.js';
import { type ConnectOptions, createConnector } from '../ssh/connect.js';
import { type Progress, createProgress } from '../terminal/progress.js';
import { type Prompts, createPrompts } from '../terminal/prompt.js';
import { createStyle, wantsColor } from '../terminal/style.js';
import type { Flags } from './options.js';
import { columnsOf } from './say.js';
import type { Shutdown } from './shutdown.js';
import { type Maintenance, maintenanceOf } from './maintenance.js';
import { type SafeText, joinSafe, print, redacting, replaceResult, writeResult } from '../lib/output.js';
import { nextCommandForAll } from '../lib/next-command.js';

export interface CliContext {
  readonly flags: Flags;
  readonly env: NodeJS.ProcessEnv;
  readonly shutdown: Shutdown;
  readonly version: string;
  readonly progress: Progress;
  readonly prompts: Prompts;
  readonly log: Log;
  /** There is a person at a terminal to answer questions. */
  readonly interactive: boolean;
  readonly maintenance: Maintenance;
  /** For texts on stdout. */
  readonly text: TextOptions;
  /** For texts on stderr, such as the plan before a question. */
  readonly errText: TextOptions;
}

export function createContext(flags: Flags, shutdown: Shutdown, version: string): CliContext {
  sweepTempFolders();
  const { env, stdout, stdin } = process;
  const stderr = redacting(process.stderr);
  const inCi = (env['CI'] ?? '') !== '' && env['CI'] !== 'false';
  const isTty = stderr.isTTY && !inCi;
  const interactive = isTty && stdin.isTTY && flags.input && flags.inventory !== '-';
  const color = (stream: NodeJS.WriteStream): boolean => wantsColor({ flag: flags.color, env, isTty: stream.isTTY });
  const errStyle = createStyle(color(stderr));
  const canRedraw = isTty && stderr.columns > 0 && env['TERM'] !== 'dumb';
  const { quiet, verbose } = flags;
  const progress = createProgress({ stderr, isTty: canRedraw, quiet, verbose: verbose > 0, style: errStyle });
  const log = createLog(flags.logFile, (line) => progress.print(line));
  shutdown.printWith((line) => {
    log({ event: 'log', line });
    progress.print(line);
  });
  const prompts = createPrompts({
    stdin,
    stderr,
    isTty: interactive,
    noInput: !flags.input,
    style: errStyle,
    signal: shutdown.requested,
    pauseProgress: (ask) => progress.pauseFor(ask),
  });
  const maintenance = maintenanceOf(flags, env, interactive ? (text) => prompts.confirm(text) : undefined);
  const toFile = flags.outputFile !== undefined;
  const wide = flags.output === 'wide';
  const columns = wide ? Infinity : stdout.isTTY && !toFile ? columnsOf(stdout) : 80;
  return {
    flags,
    env,
    shutdown,
    version,
    progress,
    prompts,
    log,
    interactive,
    maintenance,
    text: { width: columns, wide, style: createStyle(!toFile && color(stdout)) },
    errText: {
      // A window may be resized between two texts.
      get width() {
        return stderr.isTTY ? columnsOf(stderr) : 80;
      },
      wide: false,
      style: errStyle,
    },
  };
}

/** The inventory with the selected hosts. */
export async function loadHosts({ flags }: CliContext): Promise<LoadedHosts> {
  const inventory = await readInventory(flags.inventory);
  const hosts = selectHosts(inventory, { limit: flags.limit, exclude: flags.exclude });
  if (hosts.length === 0)
    throw new ToolError('usage', '--limit and --exclude leave no hosts', {
      hint: `to list all hosts: ${nextCommandForAll('inventory')}`,
    });
  if (flags.shard === undefined) return { inventory, hosts };
  return { inventory, hosts: hostsOfShard(hosts, flags.shard), shard: describeShard(inventory, hosts, flags.shard) };
}

interface LoadedHosts {
  readonly inventory: Inventory;
  readonly hosts: readonly Host[];
  /** With --shard: there may be no host in it. */
  readonly shard?: Shard;
}

/** Texts of a plan tell how long it takes, by the flags that decide it or what they are by default. */
export const withPace = (text: TextOptions, { flags }: CliContext, hosts: readonly Host[]): TextOptions => ({
  ...text,
  pace: paceOf({
    settle: (flags as Partial<Flags>).settle ?? 10_000,
    forks: forksFor(hosts, flags.forks),
    maxUnavailable: flags.maxUnavailable,
    hosts: hosts.length,
    hasCluster: flags.cluster,
  }),
});

/** With --rule, those rules of them alone. */
export async function loadPlaybooks({ flags }: CliContext): Promise<Playbook[]> {
  const playbooks = await loadPlaybooksNamed(flags.playbook ?? ['baseline']);
  return flags.rule === undefined ? playbooks : onlyRules(playbooks, flags.rule);
}

/** Opens connections, runs `work`, and closes them whatever happens. */
export async function withRun<T>(
  cli: CliContext,
  loaded: Pick<Run, 'inventory' | 'hosts' | 'playbooks' | 'onlyRules'>,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const { flags, progress, log } = cli;
  const connector = createConnector(connectOptions(cli));
  const examiner = createExaminer();
  try {
    return await work({
      version: cli.version,
      onlyRules: flags.rule,
      ...loaded,
      connector,
      examiner,
      clusterChoice: {
        kubeconfig: flags.kubeconfig,
        context: flags.context,
        setBy: flags.setBy,
        kubectl: flags.kubectl,
        use: flags.cluster,
      },
      editOptions: {
        moveArguments: flags.moveArguments ?? false,
        acceptPendingEdits: flags.acceptPendingEdits ?? false,
      },
      acceptNoApprover: flags.approveCsrs === true || flags.approver === false,
      consumers: {
        observe: flags.observe ?? 0,
        scanSecrets: flags.deepScan ?? false,
        failOn: flags.failOnConsumers ?? false,
      },
      showValues: flags.showValues,
      forks: flags.forks,
      timeout: flags.timeout,
      ...cli.maintenance,
      runsFolder: runsFolder(cli.env),
      shutdown: cli.shutdown.requested,
      report: (event) => {
        cli.shutdown.onEvent(event);
        // Hosts that are abandoned on exit are not failures.
        if (cli.shutdown.immediate.aborted) return;
        progress.onEvent(event);
        log({ ...event });
        if (flags.output === 'ndjson') printEvent(event);
      },
    });
  } finally {
    cli.shutdown.changesFinished();
    await Promise.all([connector.close(), examiner.close()]);
    await progress.stop();
  }
}

let currentRun: string | undefined;
function printEvent(event: RunEvent): void {
  if (event.event === 'run-started') currentRun = event.run;
  print(process.stdout, eventLine(event, { time: isoTime(), run: currentRun }));
}

/** How hosts are reached, by the flags. */
export const connectOptions = (cli: CliContext): ConnectOptions => {
  const { flags, env, prompts, progress, log, shutdown } = cli;
  return {
    hostKeys: flags.hostKeys,
    connectTimeout: Math.min(flags.timeout, 20_000),
    env,
    signal: shutdown.immediate,
    secrets: prompts.secrets,
    log: (line) => {
      log({ event: 'log', line });
      if (flags.verbose > 0) progress.print(line);
    },
  };
};

/** Prints the result on stdout or writes it to --output-file; nothing when the program quits midway. Throws ToolError if the file cannot be written. */
export async function printResult(
  { flags, shutdown }: CliContext,
  result: SafeText | Iterable<SafeText>,
): Promise<void> {
  if (shutdown.immediate.aborted) return;
  const pieces = typeof result === 'string' ? [result] : result;
  if (flags.outputFile === undefined) {
    for (const piece of pieces) await new Promise<void>((resolve) => print(process.stdout, piece, resolve));
    return;
  }
  try {
    // node_exporter reads the file whenever it is asked.
    if (flags.output === 'openmetrics') replaceResult(flags.outputFile, joinSafe([...pieces]));
    else writeResult(flags.outputFile, pieces);
  } catch (error) {
    throw new ToolError('usage', `--output-file ${flags.outputFile}: ${fileErrorOf(error)}`, { cause: error });
  }
}
