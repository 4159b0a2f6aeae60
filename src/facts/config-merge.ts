/** Merges one configuration into another as the kubelet does with drop-ins: a JSON merge patch (RFC 7386) that records what it replaced. */
import { type Branch, type Tree, isNull } from './config-tree.js';

/** Mappings merge, lists and scalars replace, null removes. */
export function mergePatch(base: Branch, patch: Branch): Branch {
  const entries = new Map(base.entries);
  for (const [key, change] of patch.entries) {
    const merged = mergedOver(entries.get(key), change);
    if (merged !== undefined) entries.set(key, merged);
  }
  return { ...base, entries };
}

function mergedOver(old: Tree | undefined, change: Tree): Tree | undefined {
  if (change.kind === 'gone' || isNull(change)) {
    return old === undefined ? undefined : { kind: 'gone', place: change.place, before: old };
  }
  if (change.kind === 'branch' && old?.kind === 'branch') return mergePatch(old, change);
  const fresh = change.kind === 'branch' ? withoutNulls(change) : change;
  return old === undefined ? fresh : withHistory(fresh, old);
}

/** Appends the older tree to the end of the newer tree's history. */
function withHistory(tree: Tree, old: Tree): Tree {
  return { ...tree, before: tree.before === undefined ? old : withHistory(tree.before, old) };
}

function withoutNulls(tree: Branch): Branch {
  const kept = [...tree.entries].filter(([, one]) => !isNull(one));
  return {
    ...tree,
    entries: new Map(kept.map(([key, one]) => [key, one.kind === 'branch' ? withoutNulls(one) : one])),
  };
}
