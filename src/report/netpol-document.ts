/** The result of netpol as its JSON holds it. */
import { clusterFindingTree } from './cluster-document.js';
import type { NetpolResult } from './netpol-model.js';
import { line } from './words.js';

export function netpolTree({ cluster, startedAt, finishedAt, cni, policy, ...rest }: NetpolResult) {
  const { manifests, files, limits, clusterFindings, changes } = rest;
  return {
    cluster,
    startedAt,
    finishedAt,
    cni: cni === undefined ? null : { ...cni, version: cni.version ?? null },
    policy: policy ?? null,
    manifests,
    files,
    limits,
    clusterFindings: clusterFindings.map(clusterFindingTree),
    changes: changes.map(({ object, outcome, diff, reason, hint }) => ({
      object: line(object),
      outcome,
      diff,
      ...(reason === undefined ? {} : { reason: line(reason) }),
      ...(hint === undefined ? {} : { hint }),
    })),
  };
}
