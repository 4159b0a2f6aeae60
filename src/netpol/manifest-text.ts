/** Objects as YAML, and what a change does to one as a unified diff. Pure. */
import { stringify } from 'yaml';
import { unifiedDiff } from '../plan/unified-diff.js';
import { manyLines } from '../lib/sanitize.js';
import { objectName } from './manifest.js';
import type { Manifest } from './model.js';
import type { Change, Shown } from './objects.js';

const yaml = (value: unknown): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

/** Documents that `kubectl apply -f -` takes. */
export const manifestsText = (manifests: readonly Manifest[]): string => manifests.map(yaml).join('---\n');

/** Empty if nothing changes. Labels and spec alone: the rest is the API server's. */
export function changeDiff({ manifest, action, before, after }: Change): string {
  if (action === 'none') return '';
  return unifiedDiff(objectName(manifest), before === undefined ? undefined : shownText(before), shownText(after));
}

const shownText = ({ labels, spec }: Shown): string => manyLines(yaml({ labels, spec }), Infinity);
