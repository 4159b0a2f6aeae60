/** Loads inventory.yaml and reports all mistakes at once, one per line. */
import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import { z } from 'zod';
import { ToolError, fileErrorOf } from '../lib/errors.js';
import { nextCommand } from '../lib/next-command.js';
import { schemaProblems, valueAt } from '../lib/schema-problems.js';
import { didYouMean } from '../lib/suggest.js';
import { formatProblems, readYaml } from '../lib/yaml-source.js';
import type { Path, Problem, YamlSource } from '../lib/yaml-source.js';
import type { ClusterSettings, Host, Inventory } from './host.js';
import { resolveHosts } from './resolve.js';
import type { Draft } from './resolve.js';
import { inventorySchema } from './schema.js';
import type { InventoryInput } from './schema.js';
import { localPath } from './syntax.js';

/** Reads the inventory from a file, or from stdin if the path is `-`. Throws ToolError `inventory`. */
export async function readInventory(path: string): Promise<Inventory> {
  let text: string;
  try {
    text = path === '-' ? await readStream(process.stdin) : await readFile(path, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const hint = missing
      ? `to make one: ${nextCommand('init')}; if it is somewhere else, name it with -i FILE`
      : undefined;
    throw new ToolError('inventory', `${path}: ${missing ? 'no such file' : fileErrorOf(error)}`, {
      hint,
      cause: error,
    });
  }
  return loadInventory(path, text);
}

/** Parses the text of an inventory. Throws one ToolError `inventory` with one line per mistake. */
export function loadInventory(path: string, text: string): Inventory {
  const source = readYaml(path === '-' ? 'stdin' : path, text);
  if (source.problems.length > 0) throw invalid(source, source.problems, syntaxHint);
  const parsed = inventorySchema.safeParse(source.value);
  const found = parsed.success
    ? []
    : schemaProblems(parsed.error.issues, source.value, z.toJSONSchema(inventorySchema));
  const draft = parsed.success ? parsed.data : withoutFaultyParts(source.value, found);
  const { hosts, problems } = resolveHosts(draft, path);
  const all = [...found, ...problems, ...(parsed.success ? crossReferenceFaults(parsed.data, hosts) : [])];
  if (all.length > 0 || !parsed.success) throw invalid(source, all);
  return { path, cluster: clusterSettings(parsed.data.cluster, path), hosts };
}

const syntaxHint = 'Check the indentation and the brackets. Quote ranges inside { }: { "node[1:3]": {} }.';
const schemaHint = 'See inventory.example.yaml for all keys.';

function invalid(source: YamlSource, problems: readonly Problem[], hint = schemaHint): ToolError {
  const lines = formatProblems(source, problems);
  return new ToolError('inventory', lines.join('\n'), { hint });
}

/** Checks that need the whole file. */
function crossReferenceFaults({ cluster, groups }: InventoryInput, hosts: readonly Host[]): readonly Problem[] {
  const problems: Problem[] = [];
  if (Object.keys(groups).length === 0)
    problems.push({ path: ['groups'], message: 'must have at least one group with hosts' });
  const { via } = cluster;
  const names = hosts.map((host) => host.name);
  if (via !== undefined && !names.includes(via)) {
    problems.push({
      path: ['cluster', 'via'],
      message: `no host is named ${JSON.stringify(via)}${didYouMean(via, names)}`,
    });
  }
  return problems;
}

/** Removes every faulty part, so that mistakes in the rest are reported in the same run. */
function withoutFaultyParts(value: unknown, problems: readonly Problem[]): Draft {
  const draft: unknown = structuredClone(value);
  for (const { path } of problems) {
    const jump = path.indexOf('jump');
    remove(draft, jump > 0 && path.length === jump + 2 ? path.slice(0, -1) : path);
  }
  return typeof draft === 'object' && draft !== null && !Array.isArray(draft) ? draft : {};
}

function remove(value: unknown, path: Path): void {
  const parent = valueAt(value, path.slice(0, -1));
  const last = path.at(-1);
  if (typeof parent === 'object' && parent !== null && last !== undefined) Reflect.deleteProperty(parent, last);
}

function clusterSettings(cluster: InventoryInput['cluster'], path: string): ClusterSettings {
  const { name, kubeconfig, context, via } = cluster;
  // With `via` the file is on that host, so paths of this machine do not apply.
  const file = kubeconfig === undefined || via !== undefined ? kubeconfig : localPath(kubeconfig, path);
  return { name, kubeconfig: file, context, via };
}
