/** A command that is killed as by a power cut of its machine, at a step that its journal tells of. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type JournalEntry, type Scene, main } from './scene.js';

const runsOf = (scene: Scene): string => join(scene.env['XDG_STATE_HOME'] ?? '', 'kubelatch', 'runs');
const entriesOf = (scene: Scene, run: string): JournalEntry[] => {
  const path = join(runsOf(scene), run, 'journal.ndjson');
  if (!existsSync(path)) return [];
  // The last line may be half written at this moment.
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as JournalEntry);
};

export interface Killed {
  readonly run: string;
  readonly stderr: string;
}

/** Starts it, waits until every host of `hosts` has come to `step`, does `before` if there is something to do, and sends SIGKILL. */
export async function killAt(
  scene: Scene,
  args: readonly string[],
  step: string,
  hosts: readonly string[],
  before: (run: string) => Promise<void> = () => Promise.resolve(),
): Promise<Killed> {
  const known = new Set(existsSync(runsOf(scene)) ? readdirSync(runsOf(scene)) : []);
  const child = spawn(process.execPath, [main, ...args], { env: scene.env, cwd: scene.folder, stdio: 'pipe' });
  const gone = once(child, 'exit');
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.resume();
  try {
    const end = Date.now() + 120_000;
    for (;;) {
      const run = existsSync(runsOf(scene)) ? readdirSync(runsOf(scene)).find((name) => !known.has(name)) : undefined;
      const entries = run === undefined ? [] : entriesOf(scene, run);
      const came = hosts.every((host) => entries.some((one) => one.host === host && one.step === step));
      if (run !== undefined && came) {
        await before(run);
        if (child.exitCode !== null) throw new Error(`it ended before it was killed: ${stderr}`);
        return { run, stderr };
      }
      if (child.exitCode !== null || Date.now() > end) throw new Error(`${step} did not come: ${stderr}`);
      await sleep(5);
    }
  } finally {
    child.kill('SIGKILL');
    await gone;
  }
}
