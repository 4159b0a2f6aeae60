/** Which of the given playbooks count on one node, by its distribution and version, and what to say of those that do not fit it. Pure. */
import { parseKubeRange, parseKubeVersion, satisfies } from '../lib/kube-version.js';
import { unique } from '../lib/lists.js';
import type { Playbook } from './schema.js';

/** The nodes that a playbook is written for. */
export interface Audience {
  readonly distros?: readonly string[] | undefined;
  /** In the form that `satisfies` of lib/kube-version accepts. */
  readonly versions?: string | undefined;
}

/** What is known of a kubelet; undefined where it could not be read. */
export interface KubeletKind {
  readonly distro: string | undefined;
  readonly kubeletVersion: string | undefined;
}

export interface FittingPlaybooks {
  readonly playbooks: readonly Playbook[];
  /** One sentence each: which playbook of a family was chosen, and which playbooks are not for this node. */
  readonly notes: readonly string[];
}

/** Playbooks named by themselves all count; of those named by their family, the one that fits best. */
export function playbooksFor(given: readonly Playbook[], node: KubeletKind): FittingPlaybooks {
  const choices = unique(given.flatMap((one) => familyOf(one) ?? [])).map((family) => chosenOf(family, given, node));
  const playbooks = given.filter(
    (one) => familyOf(one) === undefined || choices.some(({ playbook }) => playbook === one),
  );
  const mismatches = playbooks.flatMap((one) => (familyOf(one) === undefined ? mismatch(one, node) : []));
  return { playbooks, notes: [...choices.map(({ note }) => note), ...mismatches] };
}

/** The names that a result has: of a family those that were chosen for any of the nodes, or its own where none was. */
export function namesFor(given: readonly Playbook[], nodes: readonly KubeletKind[]): readonly string[] {
  const used = new Set(nodes.flatMap((node) => playbooksFor(given, node).playbooks));
  return unique(
    given.flatMap((one) => {
      const family = familyOf(one);
      if (family === undefined || used.has(one)) return [one.name];
      return given.some((other) => familyOf(other) === family && used.has(other)) ? [] : [family];
    }),
  );
}

const familyOf = ({ family, byFamily }: Playbook): string | undefined => (byFamily === true ? family : undefined);

function chosenOf(
  family: string,
  given: readonly Playbook[],
  node: KubeletKind,
): { readonly playbook: Playbook | undefined; readonly note: string } {
  const fitting = given.filter((one) => familyOf(one) === family && isForDistro(one.appliesTo, node.distro));
  const exact = fitting.find(({ appliesTo }) => isForVersion(appliesTo, node.kubeletVersion) === true);
  const where = `${node.distro ?? 'an unknown distribution'}, ${versionText(node)}`;
  if (exact !== undefined) return { playbook: exact, note: `${family} is ${exact.name} here (${where})` };
  const nearest = nearestOf(fitting, node.kubeletVersion);
  const none = `no playbook of ${family} is for this node (${where})`;
  return {
    playbook: nearest,
    note:
      nearest === undefined ? `${none}, so none of its rules was judged` : `${none}; ${nearest.name} is the nearest`,
  };
}

/** The oldest for a kubelet that is older than all of them, else the newest. */
function nearestOf(fitting: readonly Playbook[], version: string | undefined): Playbook | undefined {
  const sorted = fitting.toSorted((one, other) => lowestOf(one) - lowestOf(other));
  const [oldest] = sorted;
  const minor = parseKubeVersion(version ?? '')?.minor;
  return oldest !== undefined && minor !== undefined && minor < lowestOf(oldest) ? oldest : sorted.at(-1);
}

/** The minor version that it begins with. */
function lowestOf({ appliesTo }: Playbook): number {
  const bounds = parseKubeRange(appliesTo?.versions ?? '') ?? [];
  return Math.max(0, ...bounds.flatMap(({ operator, numbers }) => (operator.startsWith('<') ? [] : (numbers[1] ?? 0))));
}

function mismatch({ name, appliesTo, family }: Playbook, node: KubeletKind): string[] {
  const instead = family === undefined ? '' : `; -p ${family} takes the playbook that fits each node`;
  if (!isForDistro(appliesTo, node.distro)) {
    const wanted = (appliesTo?.distros ?? []).join(' and ');
    return [`${name} is for ${wanted} and may not fit this node, which is ${node.distro ?? 'unknown'}${instead}`];
  }
  const fits = isForVersion(appliesTo, node.kubeletVersion);
  if (fits === true) return [];
  const why = fits === undefined ? 'the version of this kubelet is unknown' : `this kubelet is ${versionText(node)}`;
  return [`${name} is for ${rangeText(appliesTo?.versions ?? '')}, and ${why}: its rules may not fit${instead}`];
}

const isForDistro = (audience: Audience | undefined, distro: string | undefined): boolean =>
  audience?.distros === undefined || (distro !== undefined && audience.distros.includes(distro));

/** Undefined where the version is not known. */
const isForVersion = (audience: Audience | undefined, version: string | undefined): boolean | undefined =>
  audience?.versions === undefined || (version === undefined ? undefined : satisfies(version, audience.versions));

/** By the minor version, so that hosts with different patches share a note. */
function versionText({ kubeletVersion }: KubeletKind): string {
  const parsed = parseKubeVersion(kubeletVersion ?? '');
  return parsed === undefined ? 'version unknown' : `Kubernetes ${parsed.major}.${parsed.minor}`;
}

/** `Kubernetes 1.29 to 1.31` for `>=1.29 <1.32`; any other range as it is written. */
function rangeText(range: string): string {
  const [, first, end] = /^>=1\.(\d+) <1\.(\d+)$/.exec(range) ?? [];
  return `Kubernetes ${first === undefined ? range : `1.${first} to 1.${Number(end) - 1}`}`;
}
