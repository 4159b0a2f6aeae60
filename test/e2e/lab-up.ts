/** Before all scenarios: a lab of the wanted kind is up, and afterwards it is ended if it was started here. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { attachLab, findLab, stopLab, type LabKind } from '../lab/lab.js';
import { main } from './scene.js';

export default (): Promise<(() => Promise<void>) | undefined> => labUp([]);

/** `nodes` as up.sh takes them, NAME:SHAPE; none: its own choice. */
export async function labUp(nodes: readonly string[]): Promise<(() => Promise<void>) | undefined> {
  const kind = process.env['KUBELATCH_LAB_KIND'] ?? 'standin';
  if (kind !== 'standin' && kind !== 'real') throw new Error(`KUBELATCH_LAB_KIND is standin or real, not ${kind}`);
  if (!existsSync(main)) throw new Error(`${main} is not there: npm run build`);
  const running = await runningKind();
  const missing = nodes.filter((node) => findLab()?.nodes[node.split(':')[0] ?? '']?.shape !== node.split(':')[1]);
  if (running !== undefined && missing.length > 0) {
    throw new Error(`the lab that is up has no ${missing.join(' ')}: end it with test/lab/down.sh`);
  }
  if (running === kind) return undefined;
  if (running !== undefined) {
    throw new Error(`a ${running} lab is up, and ${kind} is wanted: end it with test/lab/down.sh, or name its kind`);
  }
  await boot(kind, nodes);
  return stopLab;
}

/** The kind of the lab whose API server answers; a crashed one counts as none, for up.sh clears it away. */
async function runningKind(): Promise<LabKind | undefined> {
  const lab = findLab();
  if (lab === undefined) return undefined;
  try {
    await lab.get('/readyz');
    return lab.kind;
  } catch {
    return undefined;
  }
}

/** up.sh speaks straight to the terminal: a first start builds for minutes, and somebody is waiting. */
async function boot(kind: LabKind, nodes: readonly string[]): Promise<void> {
  const up = spawn(join(import.meta.dirname, '../lab/up.sh'), [kind, ...nodes], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    up.on('error', reject);
    up.on('close', resolve);
  });
  if (code !== 0) throw new Error(`the ${kind} lab did not start: up.sh ended with ${code ?? 'a signal'}`);
  attachLab();
}
