import { describe, expect, it } from 'vitest';
import { clusterText } from '../../src/report/cluster-text.js';
import { exitCodeOf } from '../../src/report/exit-code.js';
import { createStyle } from '../../src/terminal/style.js';
import { auditResult, clusterFinding } from './samples.js';

const options = { width: 80, style: createStyle(false) };

describe('findings about the cluster', () => {
  it('are told the worst first, with evidence and fix', () => {
    const manifest = clusterFinding({ severity: 'high', object: 'Pod x', evidence: [], fix: 'change it:\n  a: 1\n' });
    expect(clusterText([clusterFinding(), manifest], options).join('\n')).toMatchInlineSnapshot(`
      "Cluster
      high  node-not-in-inventory: Pod x
          No host of the inventory is this Node, so nobody checks or hardens its
          kubelet.
          fix: change it:
              a: 1
      medium  node-not-in-inventory: Node w3
          No host of the inventory is this Node, so nobody checks or hardens its
          kubelet.
          seen: the API server lists it with the addresses 192.0.2.3
          fix: add it to ./inventory.yaml, or set nodeName for the host that it is"
    `);
  });

  it('that read the same are told together', () => {
    const many = Array.from({ length: 12 }, (_, at) =>
      clusterFinding({ object: `Node w${at}`, evidence: [`seen ${at}`] }),
    );
    const text = clusterText(many, options).join('\n');
    expect(text).toContain('Node w4 and 7');
    expect(text.match(/seen: /g)).toHaveLength(5);
    const wide = clusterText(many, { ...options, width: Infinity, wide: true }).join('\n');
    expect(wide).toContain('Node w11\n');
    expect(wide.match(/seen: /g)).toHaveLength(12);
  });

  it('that pass are told with -o wide alone', () => {
    const pass = clusterFinding({ status: 'pass', object: undefined });
    expect(clusterText([pass], options)).toEqual([]);
    expect(clusterText([pass], { ...options, width: Infinity, wide: true })).toHaveLength(5);
  });

  it('count for --fail-on', () => {
    const result = { ...auditResult([]), clusterFindings: [clusterFinding()] };
    expect(exitCodeOf(result, { failOn: 'medium' })).toBe(2);
    expect(exitCodeOf(result, { failOn: 'high' })).toBe(0);
    expect(exitCodeOf(result)).toBe(0);
  });
});
