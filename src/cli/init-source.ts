/** Where a new inventory's hosts come from: the nodes of a cluster, an Ansible inventory, or names. Reads files and the API server. */
import { readFile } from 'node:fs/promises';
import type { Draft, DraftSsh } from '../inventory/draft.js';
import { type AnsibleChoice, draftFromAnsible, readAnsible } from '../inventory/from-ansible.js';
import { draftFromNames, draftFromNodes, typedHostFault } from '../inventory/from-nodes.js';
import { localPath } from '../inventory/syntax.js';
import { ToolError, fileErrorOf } from '../lib/errors.js';
import { oneLine } from '../lib/sanitize.js';
import { kubeconfigContexts, listNodes } from '../pipeline/list-nodes.js';
import type { CliContext } from './context.js';

/** Hosts, and what is known of their cluster. */
export interface Found extends Draft {
  readonly cluster: {
    readonly name?: string | undefined;
    readonly kubeconfig?: string | undefined;
    readonly context?: string | undefined;
  };
  /** A line each: where the hosts come from. */
  readonly about: readonly string[];
}

/** A context, and the kubeconfig that has it. */
export interface Context {
  readonly file: string;
  readonly name: string;
  /** kubectl would use it. */
  readonly isCurrent: boolean;
}

/** The kubeconfigs that kubectl reads without a flag. */
export const usualKubeconfigs = (env: NodeJS.ProcessEnv): readonly string[] => {
  const listed = (env['KUBECONFIG'] ?? '').split(':').filter((path) => path !== '');
  return listed.length > 0 ? listed : ['~/.kube/config'];
};

const here = (path: string): string => localPath(path, '-');

/** Throws ToolError `usage` if a file is unreadable or has no context. Missing files count only if all are missing. */
export async function contextsIn(files: readonly string[]): Promise<readonly Context[]> {
  const found: Context[] = [];
  const missing: string[] = [];
  for (const file of files) {
    const text = await readFile(here(file), 'utf8').catch((error: unknown) => {
      missing.push(`${file}: ${fileErrorOf(error)}`);
      return undefined;
    });
    if (text === undefined) continue;
    const read = kubeconfigContexts(file, text);
    if (!read.ok) throw new ToolError('usage', read.error);
    const { names, current } = read.value;
    const isFirst = found.length === 0;
    for (const name of names)
      if (!found.some((one) => one.name === name)) found.push({ file, name, isCurrent: isFirst && name === current });
  }
  if (found.length > 0) return found;
  throw new ToolError('usage', missing.join('; '), { hint: 'name the kubeconfig: --from-kubeconfig FILE' });
}

/** The one that is named, or the only one. Throws ToolError `usage` where that is not clear: another cluster could be meant. */
export function chooseContext(contexts: readonly Context[], name: string | undefined): Context {
  const named = contexts.find((one) => (name === undefined ? contexts.length === 1 : one.name === name));
  if (named !== undefined) return named;
  const files = [...new Set(contexts.map(({ file }) => file))].join(', ');
  const all = contexts.map((one) => oneLine(one.name, 80)).join(', ');
  if (name !== undefined)
    throw new ToolError('usage', `${files}: no context ${JSON.stringify(name)}`, { hint: `its contexts: ${all}` });
  throw new ToolError('usage', `${files} has ${contexts.length} contexts, so the cluster is not clear`, {
    hint: `add --context with one of: ${all}`,
  });
}

/** Throws ToolError `cluster` if the nodes cannot be read. */
export async function fromContext({ flags, progress }: CliContext, { file, name }: Context): Promise<Found> {
  progress.phase('Reading nodes');
  const kubeconfig = here(file);
  const nodes = await listNodes({ kubectl: flags.kubectl, kubeconfig, context: name });
  await progress.stop();
  if (!nodes.ok) {
    throw new ToolError('cluster', `the nodes of ${name} cannot be read: ${nodes.error}`, {
      hint: `nothing was written; try: kubectl --kubeconfig ${file} --context ${name} get nodes`,
    });
  }
  const kinds = [...new Set(nodes.value.map(({ about }) => about))];
  const shown = `${kinds.slice(0, 3).join(', ')}${kinds.length > 3 ? ` and ${kinds.length - 3} more` : ''}`;
  const draft = draftFromNodes(nodes.value, `context ${name}`, {});
  return {
    ...draft,
    notes: draft.notes.map(({ place, message }) => ({ place: oneLine(place, 120), message: oneLine(message) })),
    cluster: { name, kubeconfig: shorten(kubeconfig), context: name },
    about: [`Nodes of the context ${oneLine(name, 120)}: ${shown}.`],
  };
}

/** Below the home, as a person writes it. */
const shorten = (path: string): string => {
  const home = here('~');
  return home !== '/' && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
};

export const readAnsibleFile = async (path: string): Promise<ReturnType<typeof readAnsible>> => {
  const text = await readFile(here(path), 'utf8').catch((error: unknown) => {
    const isFolder = (error as NodeJS.ErrnoException).code === 'EISDIR';
    const hint = isFolder ? `make one file of it: ansible-inventory -i ${path} --list --yaml > hosts.yaml` : undefined;
    throw new ToolError('usage', `${path}: ${fileErrorOf(error)}`, { hint, cause: error });
  });
  return readAnsible(path, text);
};

export async function fromAnsible(path: string, choice: AnsibleChoice): Promise<Found> {
  const draft = draftFromAnsible(await readAnsibleFile(path), choice);
  const notes = [...draft.notes, ...(await variableFolders(path))];
  return { ...draft, notes, cluster: {}, about: [`Hosts of the Ansible inventory ${oneLine(path, 120)}.`] };
}

/** Ansible reads variables from folders beside the inventory, too. */
async function variableFolders(path: string): Promise<Draft['notes']> {
  const found = await Promise.all(
    ['group_vars', 'host_vars'].map(async (name) => {
      const folder = localPath(name, here(path));
      const error = await readFile(folder).catch((reason: unknown) => reason);
      return (error as NodeJS.ErrnoException).code === 'EISDIR' ? [name] : [];
    }),
  );
  const dump = `ansible-inventory -i ${path} --list --yaml > hosts.yaml`;
  return found.flat().map((name) => ({
    place: path,
    message: `variables in ${name}/ beside it are not read; if they matter, start from the output of: ${dump}`,
  }));
}

/** Throws ToolError `usage` for a name that no inventory can hold. */
export function fromNames(controlPlane: readonly string[], hosts: readonly string[]): Found {
  for (const [flag, words] of [
    ['--host', hosts],
    ['--control-plane', controlPlane],
  ] as const) {
    for (const word of words) {
      const fault = typedHostFault(word);
      if (fault !== undefined) throw new ToolError('usage', `${flag} ${word}: ${fault}`);
    }
  }
  const ofControlPlane = new Set(controlPlane);
  const workers = hosts.filter((word) => !ofControlPlane.has(word));
  return { ...draftFromNames({ controlPlane, workers, ssh: {} }), cluster: {}, about: [] };
}

/** Settings that hold for all hosts, over those that the source has. */
export const withSsh = (found: Found, ssh: DraftSsh): Found => ({
  ...found,
  hosts: found.hosts.map((host) => ({ ...host, ssh: { ...host.ssh, ...ssh } })),
});
