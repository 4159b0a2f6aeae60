/** Which files a change of kubelet settings may touch on a node. A plan with any other file was tampered with. */
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { NodeFacts } from '../facts/node-facts.js';
import { addressListPath } from '../filter/address-list.js';
import { filterDropIn, filterPath } from '../filter/packet-filter.js';
import type { Editable } from './distro.js';

/** Files of rules about the network. */
const guardPaths = (unit: string): readonly string[] => [filterPath, filterDropIn(unit), addressListPath(unit)];

/** The files that a distribution names, those of rules about the network, and the targets of links with these names on the node. */
export function editableFiles(facts: NodeFacts, { files, unit }: KubeletSetup, ofDistro: readonly string[]): Editable {
  const texts = [...ofDistro, ...guardPaths(unit.name)];
  const known = Object.values(files).filter((path) => path !== undefined);
  return { texts: withTargets(facts, texts), modes: withTargets(facts, [...texts, ...known]) };
}

function withTargets({ files }: NodeFacts, names: readonly string[]): ReadonlySet<string> {
  const targets = names.flatMap((name) => {
    const file = files.get(name);
    return file !== undefined && 'linkTarget' in file && file.linkTarget !== undefined ? [file.linkTarget] : [];
  });
  return new Set([...names, ...targets]);
}
