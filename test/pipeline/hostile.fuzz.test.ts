/**
 * Ten thousand seeded cases of what nodes, the API server and files may hold: nothing is thrown past its host or its file, and no
 * host takes long. Others: SEED=7 CASES=50000.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createCluster } from '../../src/cluster/cluster.js';
import type { Gateway } from '../../src/cluster/gateway.js';
import { matchNode } from '../../src/cluster/match-node.js';
import type { Host } from '../../src/inventory/host.js';
import { loadInventory } from '../../src/inventory/load.js';
import { ToolError } from '../../src/lib/errors.js';
import { ok } from '../../src/lib/result.js';
import { readStoredPlan, readSavedPlan, writeSavedPlan } from '../../src/plan/saved-plan.js';
import { parsePlaybook } from '../../src/playbook/load.js';
import type { HostAudit } from '../../src/report/model.js';
import { auditText } from '../../src/report/audit-text.js';
import { formatted } from '../../src/report/formats.js';
import { readResult } from '../../src/report/read-result.js';
import { type Told, examine } from '../../src/pipeline/examine.js';
import { settled } from '../../src/pipeline/judge.js';
import { createStyle } from '../../src/terminal/style.js';
import { probeAnswer, readNode, recordedNodes } from '../nodes/recorded-node.js';
import { auditResult, hostPlan, planResult } from '../report/samples.js';
import { pick, randomFrom, spoiltText, spoiltValue } from './mutations.js';

const seed = Number(process.env['SEED'] ?? '9');
const count = Number(process.env['CASES'] ?? '10000');
/** Milliseconds of CPU time for one host. */
const bound = 2000;

const host = { name: 'n1', role: 'worker', address: '10.0.0.1', group: 'worker', ssh: { jump: [] } } as unknown as Host;
const playbookText = readFileSync(new URL('../../playbooks/baseline.yaml', import.meta.url), 'utf8');
const inventoryText = readFileSync(new URL('../../inventory.example.yaml', import.meta.url), 'utf8');
const playbooks = [parsePlaybook('baseline', playbookText)];
const wishes = { moveArguments: true, acceptPendingEdits: true };
const savedPlan = writeSavedPlan({
  ...{
    kind: 'kubelatch-plan',
    schemaVersion: 1,
    cluster: 'c',
    madeAt: '2026-01-01T00:00:00Z',
    playbooks: ['baseline'],
  },
  hosts: [hostPlan('n1'), hostPlan('n2')],
});
const exposed = { kubelet: [], readOnly: [], listed: true };
const asked = { nodeName: 'n1', standing: 'ready', exposed, notes: [] } as const;

type Random = () => number;

/** The probe's words with the content of one of its records spoilt, or the words themselves. */
function spoiltAnswer(random: Random): string {
  const answer = probeAnswer(pick(random, recordedNodes));
  if (random() < 0.3) return spoiltText(random, answer);
  const lines = answer.split('\n');
  const at = pick(random, [...lines.keys()]);
  const words = (lines[at] ?? '').split(' ');
  const place = words.length - 1;
  const text = Buffer.from((words[place] ?? '').replace(/\.$/, ''), 'base64').toString('utf8');
  const spoilt = Buffer.from(spoiltText(random, text)).toString('base64');
  const before = lines[at - 1]?.split(' ') ?? [];
  // The size of a file is told beside it: a content of another one would count as torn.
  if (words[0] === 'content' && before[0] === 'stat') before[7] = String(Buffer.from(spoilt, 'base64').length);
  return lines
    .with(at, words.with(place, spoilt).join(' '))
    .map((line, index) => (index === at - 1 && before.length > 0 ? before.join(' ') : line))
    .join('\n');
}

function ofHost(random: Random): void {
  const answer = Buffer.from(spoiltAnswer(random));
  const configz = random() < 0.5 ? undefined : spoiltValue(random, readNode(pick(random, recordedNodes)).configz ?? {});
  const isRecord = typeof configz === 'object' && configz !== null && !Array.isArray(configz);
  const told: Told = {
    kubeletVersion: random() < 0.2 ? spoiltText(random, 'v1.31.4') : undefined,
    configz: isRecord ? (configz as Told['configz']) : undefined,
  };
  examine({ question: 'read', of: { answer } });
  examine({ question: 'ports', of: { answer, ...told } });
  const goal = { playbooks, plan: wishes };
  const judged = structuredClone(examine({ question: 'judge', of: { answer, host, asked, goal, ...told } }));
  if (!judged.ok) {
    expect(judged.error.message).not.toMatch(/\p{Cc}/u);
    expect(judged.error.hint).not.toBe('');
    return;
  }
  const { draft } = judged.value as Extract<typeof judged.value, { draft: unknown }>;
  const planned = settled(draft, { clientCertificates: [], clusterCa: undefined });
  report(planned);
}

function report(planned: HostAudit): void {
  const style = createStyle(false);
  const text = auditText(auditResult([planned]), { width: 80, wide: false, style });
  expect(text).not.toMatch(/(?!\n)\p{Cc}/u);
  readResult(formatted('json', planResult([planned]), { text: { width: 80, style: createStyle(false) }, time: '' }));
}

/** Bad input is one clear error, never a fault of the program. */
function refusing(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
  }
}

async function ofCluster(random: Random): Promise<void> {
  const node = {
    metadata: { name: 'n1', labels: {} },
    status: {
      conditions: [{ type: 'Ready', status: 'True' }],
      addresses: [{ address: '10.0.0.1' }],
      nodeInfo: { kubeletVersion: 'v1.31.4' },
    },
  };
  const answer = (): unknown =>
    spoiltValue(random, { items: [node, node], data: { 'client-ca-file': 'x' }, kubeletconfig: { a: 1 } });
  const gateway = { get: () => Promise.resolve(ok(answer())) } as unknown as Gateway;
  const cluster = createCluster(gateway);
  const view = await cluster.view();
  if (view.ok) matchNode(view.value, { name: 'n1', dialled: ['10.0.0.1'], claimed: spoiltText(random, 'n1') });
  await cluster.configz('n1');
  await cluster.clientCa();
  await cluster.readyz();
}

const kinds: readonly (readonly [share: number, name: string, run: (random: Random) => void | Promise<void>])[] = [
  [0.4, 'a node', ofHost],
  [0.15, 'the API server', ofCluster],
  [0.15, 'an inventory', (random) => refusing(() => loadInventory('i.yaml', spoiltText(random, inventoryText)))],
  [0.15, 'a playbook', (random) => refusing(() => parsePlaybook('p.yaml', spoiltText(random, playbookText)))],
  [0.08, 'a saved plan', (random) => refusing(() => readSavedPlan('p.json', spoiltText(random, savedPlan)))],
  [0.07, 'a kept plan', (random) => void readStoredPlan(spoiltValue(random, hostPlan('n1')))],
];

it(`bears ${count} cases (SEED=${seed})`, { timeout: 1_200_000 }, async () => {
  let slowest = 0;
  const done: Record<string, number> = {};
  for (let at = 0; at < count; at += 1) {
    const random = randomFrom(seed * 1_000_003 + at);
    let share = random();
    const [, name, run] = kinds.find(([of]) => (share -= of) < 0) ?? pick(random, kinds);
    const before = process.cpuUsage();
    try {
      await run(random);
    } catch (error) {
      throw new Error(`SEED=${seed}, case ${at} (${name}): ${String(error)}`, { cause: error });
    }
    const { user, system } = process.cpuUsage(before);
    const took = (user + system) / 1000;
    slowest = Math.max(slowest, took);
    expect(took, `SEED=${seed}, case ${at} (${name})`).toBeLessThan(bound);
    done[name] = (done[name] ?? 0) + 1;
  }
  console.log(`SEED=${seed}: ${JSON.stringify(done)}, the slowest ${Math.round(slowest)} ms`);
  expect(Object.keys(done)).toHaveLength(kinds.length);
});
