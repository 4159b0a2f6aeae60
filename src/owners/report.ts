/** What is said of a kubelet with an owner: the finding, and the refusal to change it. Pure. */
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import type { Owner } from './owner.js';
import type { SeenOwner } from './recognise.js';

/** A host with what was seen of owners, and whether rules fail on it. */
export interface OwnedHost {
  readonly host: string;
  readonly owners: readonly SeenOwner[];
  /** Undefined where it was not judged. */
  readonly fails: boolean | undefined;
}

/** Why a change there is refused; undefined where nobody is sure to own the kubelet. */
export function ownerRefusal(
  seen: readonly SeenOwner[],
): { readonly reason: string; readonly hint: string } | undefined {
  const found = seen.find(({ owner, certain }) => certain && owner.editable !== true);
  if (found === undefined) return undefined;
  return {
    reason: `${found.owner.title} owns this kubelet’s configuration (${found.evidence.join('; ')})`,
    hint: `set it in ${found.owner.setIn}`,
  };
}

const head = { rule: 'node-owned-by', title: 'No other system owns the kubelet’s configuration' } as const;

/** One finding per host and owner. An owner fails nothing by itself: what fails is a setting that is his to change. */
export const ownerFindings = (hosts: readonly OwnedHost[]): readonly ClusterFinding[] =>
  hosts.flatMap(({ host, owners, fails }) =>
    owners.map(({ owner, certain, evidence }): ClusterFinding => ({
      ...head,
      severity: 'low',
      status: !certain || fails === undefined ? 'unknown' : fails ? 'fail' : 'pass',
      object: `host ${host} (${owner.name})`,
      message: certain
        ? `${owner.title} owns this kubelet’s configuration: ${effects[owner.effect]}${consequence(owner)}`
        : `${owner.title} may own this kubelet’s configuration: one of two signs was seen.`,
      evidence: evidence.map((one) => `${host}: ${one}`),
      fix: `${certain ? '' : 'if so, '}set it in ${owner.setIn}`,
    })),
  );

const effects = {
  overwrites: 'edits on the node would be overwritten',
  rebuilds: 'edits on the node are lost when the machine is replaced',
} as const;
const consequence = ({ editable }: Owner): string => (editable === true ? '.' : ', so kubelatch does not make them.');

/** The error of a host without a kubelet that kubelatch knows, with what is known of whose it is. */
export function ownedByOther<E extends { readonly message: string; readonly hint: string }>(
  error: E,
  [first]: readonly SeenOwner[],
): E {
  if (first === undefined) return error;
  const { owner, certain, evidence } = first;
  if (!certain) return { ...error, hint: `${error.hint}; if ${owner.title} runs it, set it in ${owner.setIn}` };
  const message = `${owner.title} runs the kubelet here, and kubelatch does not read it (${evidence.join('; ')})`;
  return { ...error, message, hint: `set it in ${owner.setIn}, and take the host out of the inventory` };
}
