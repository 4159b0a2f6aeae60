/** Which system owns the kubelet of a node: recognised by two signs, suspected by one. Pure. */
import type { NodeTraits } from '../cluster/nodes.js';
import type { NodeFacts } from '../facts/node-facts.js';
import { unique } from '../lib/lists.js';
import { oneLine } from '../lib/sanitize.js';
import type { Owner, Sign } from './owner.js';
import { owners } from './table.js';

export interface SeenOwner {
  readonly owner: Owner;
  /** Two signs were seen. */
  readonly certain: boolean;
  /** One line for each sign. */
  readonly evidence: readonly string[];
}

/** Paths that tell of owners by being there: the probe looks for them and reads none. */
export const ownerPaths: readonly string[] = unique(
  owners.flatMap(({ first, second }) =>
    [...first, ...second].flatMap((sign) => (sign.on === 'node' ? sign.paths : [])),
  ),
);

/** Those of `ownerPaths` that exist on the node. */
export const ownerPathsOn = ({ files }: Pick<NodeFacts, 'files'>): readonly string[] =>
  ownerPaths.filter((path) => {
    const found = files.get(path);
    return found !== undefined && found.kind !== 'absent';
  });

/** `traits`: undefined where the API server was not asked, or does not know the node. Certain owners come first. */
export function recogniseOwners(paths: readonly string[], traits: NodeTraits | undefined): readonly SeenOwner[] {
  const present = new Set(paths);
  const seen = owners.flatMap((owner): SeenOwner[] => {
    const [first, second] = [owner.first, owner.second].map((signs) =>
      signs.flatMap((sign) => {
        const evidence = evidenceOf(sign, present, traits);
        return evidence === undefined ? [] : [{ evidence, strong: sign.weak !== true }];
      }),
    );
    const all = [...(first ?? []), ...(second ?? [])];
    if (!all.some(({ strong }) => strong)) return [];
    const certain = first?.length !== 0 && second?.length !== 0;
    return [{ owner, certain, evidence: all.map(({ evidence }) => evidence) }];
  });
  const sure = seen.filter(({ certain }) => certain);
  // Siblings share a sign: once one of them is certain, it is no sign of the others.
  return sure.some(({ owner }) => owner.editable !== true)
    ? sure
    : [...sure, ...seen.filter(({ certain }) => !certain)];
}

function evidenceOf(sign: Sign, present: ReadonlySet<string>, traits: NodeTraits | undefined): string | undefined {
  if (sign.on === 'node') {
    const isThere = sign.paths.every((path) => present.has(path));
    return isThere ? `${sign.paths.join(' and ')} ${sign.paths.length > 1 ? 'exist' : 'exists'}` : undefined;
  }
  if (traits === undefined) return undefined;
  switch (sign.on) {
    case 'label':
      return Object.hasOwn(traits.labels, sign.name)
        ? `the Node has the label ${sign.name}=${oneLine(traits.labels[sign.name] ?? '', 60)}`
        : undefined;
    case 'annotation': {
      const name = traits.annotations.find((one) => one.startsWith(sign.prefix));
      return name === undefined ? undefined : `the Node has the annotation ${oneLine(name, 100)}`;
    }
    case 'provider':
      return startsWith(traits.providerId, sign.prefix, 'providerID');
    case 'os':
      return startsWith(traits.osImage, sign.prefix, 'osImage');
    case 'version':
      return traits.kubeletVersion.includes(sign.part)
        ? `the Node says kubeletVersion ${oneLine(traits.kubeletVersion, 60)}`
        : undefined;
  }
}

const startsWith = (text: string, prefix: string, field: string): string | undefined =>
  text.startsWith(prefix) ? `the Node says ${field} ${oneLine(text, 80)}` : undefined;
