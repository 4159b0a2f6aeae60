import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { detectDistro, distros } from '../../src/distros/index.js';
import { type Source, effectiveSetting } from '../../src/facts/effective-kubelet.js';
import { textOf } from '../../src/facts/node-facts.js';
import { findIneffectiveSettings } from '../../src/facts/not-in-effect.js';
import { settingByPath } from '../../src/facts/settings.js';
import { planHost, completePlan } from '../../src/plan/host-plan.js';
import { withMode, withText } from '../../src/plan/simulate.js';
import { type Finding, type NodeView, assess } from '../../src/playbook/assess.js';
import { assessEffect, assessLeftovers } from '../../src/playbook/evidence.js';
import { parsePlaybook } from '../../src/playbook/load.js';
import { readNode, recordedNodes } from './recorded-node.js';

const baseline = parsePlaybook(
  'baseline',
  readFileSync(new URL('../../playbooks/baseline.yaml', import.meta.url), 'utf8'),
);

function place({ kind, path, line }: Source): string {
  return path === undefined ? kind : `${kind} ${path}${line === undefined ? '' : `:${line}`}`;
}

const byStatus = (findings: readonly Finding[], status: Finding['status']): Finding[] =>
  findings.filter((finding) => finding.status === status);

/** Failing findings that no playbook holds. */
const faultsOf = (view: NodeView): readonly string[] =>
  byStatus([...assessEffect(view), ...assessLeftovers(view)], 'fail').map(
    ({ rule, title, source }) => `${rule} ${title} ${source?.path ?? ''}`,
  );

const empty = recordedNodes.filter((name) => readNode(name).expected.noKubelet !== undefined);

it.each(empty)('%s: has no kubelet, and says why', (name) => {
  const { facts, expected } = readNode(name);
  expect(detectDistro(facts)).toBeUndefined();
  const reasons = distros.map((distro) => [distro.name, distro.noKubelet?.(facts)?.reason]);
  expect(reasons.filter(([, reason]) => reason !== undefined)).toEqual([[expected.distro, expected.noKubelet]]);
});

describe.each(recordedNodes.filter((name) => !empty.includes(name)))('%s', (name) => {
  const { facts, configz, expected } = readNode(name);
  const detected = detectDistro(facts);
  if (detected === undefined) throw new Error(`${name}: no distribution recognised it`);
  const { distro, setup } = detected;
  const view: NodeView = { facts, setup, configz, kubeletVersion: undefined };

  it('is recognised', () => {
    expect(distro.name).toBe(expected.distro);
    expect(setup.kubeletVersion ?? 'not told').toBe(expected.version ?? 'v1.31.4');
    expect(setup.process?.pid).toBe(expected.pid ?? 812);
    expect(setup.evidence).toContain(expected.role ?? '');
  });

  it('is understood: each setting with its value and its place', () => {
    const found = Object.keys(expected.settings).map((path) => {
      const info = settingByPath.get(path);
      const setting = info && effectiveSetting(setup.sources, info);
      return [path, [setting?.value, setting && place(setting.source)]];
    });
    expect(Object.fromEntries(found)).toEqual(expected.settings);
  });

  it('is judged: what fails, at which place', () => {
    const findings = assess(view, baseline);
    const fails = byStatus(findings, 'fail').map(({ rule, source }) => [rule, source && place(source)]);
    expect(Object.fromEntries(fails)).toEqual(expected.fails);
    expect(byStatus(findings, 'unknown').map(({ rule }) => rule)).toEqual(expected.unknown);
  });

  it('shows what is declared without effect', () => {
    const found = findIneffectiveSettings(facts, setup, configz);
    expect(found.map(({ kind, what, source }) => `${kind} ${what} ${place(source)}`)).toEqual(expected.withoutEffect);
    expect((setup.leftovers ?? []).map((one) => one.path)).toEqual(expected.leftovers ?? []);
  });

  it('is planned: the edits, after which the rules hold and the rest is as it was', () => {
    const evidence = { clientCertificates: [], clusterCa: undefined };
    const host = { host: name, nodeName: undefined, role: 'worker' } as const;
    const planned = completePlan(planHost(host, view, distro, [baseline]), evidence);
    if ('refused' in planned) {
      expect(planned.refused.reason).toContain(expected.plan);
      expect(planned.refused.hint).not.toBe('');
      return;
    }
    const { edits, restart } = planned.plan;
    expect(edits.map(({ action, path }) => `${action} ${path}`).sort()).toEqual(expected.plan);
    expect(restart).toBe(expected.restart);
    let after = facts;
    for (const edit of edits) {
      if (edit.text !== undefined) after = withText(after, setup.unit.name, { path: edit.path, text: edit.text });
      after = withMode(after, edit.path, edit.after.mode, edit.after.owner);
    }
    const again = detectDistro(after);
    expect(again?.distro).toBe(distro);
    if (again === undefined) return;
    const process = setup.process && { ...setup.process, argv: again.setup.sources.command, startedAt: 4e9 };
    const settled: NodeView = {
      ...view,
      facts: after,
      setup: { ...again.setup, process, running: undefined },
      configz: undefined,
    };
    const left = assess(settled, baseline).filter(({ status }) => status !== 'pass');
    expect(left.map(({ rule }) => rule)).toEqual(setup.sources.faults.length > 0 ? expected.unknown : []);
    // What kubelatch's own files override on purpose is no fault of the node.
    expect(faultsOf(settled).filter((one) => !faultsOf(view).includes(one))).toEqual([]);
    const second = completePlan(planHost(host, settled, distro, [baseline]), evidence);
    expect('plan' in second && second.plan).toMatchObject({ edits: [], restart: false });
    for (const [path, texts] of Object.entries(expected.keeps)) {
      for (const text of texts) expect(textOf(after, path)).toContain(text);
    }
  });
});
