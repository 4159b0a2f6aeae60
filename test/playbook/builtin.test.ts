import { describe, expect, it } from 'vitest';
import { builtinFamilies, builtinNames } from '../../src/playbook/builtin.js';
import { loadPlaybook } from '../../src/playbook/load.js';
import type { Playbook, Rule } from '../../src/playbook/schema.js';

const names = await builtinNames();
const books = new Map<string, Playbook>(
  await Promise.all(names.map(async (name) => [name, await loadPlaybook(name)] as const)),
);
const rulesOf = (name: string): readonly Rule[] => books.get(name)?.rules ?? [];

/** What a rule checks and writes, without its words. */
const check = (rule: Rule): unknown => {
  switch (rule.kind) {
    case 'setting':
      return { setting: rule.setting, want: rule.want, set: rule.set, versions: rule.versions, skip: rule.skip };
    case 'file':
      return { file: rule.file, fix: rule.fix, skip: rule.skip };
    case 'manual':
      return { look: rule.look };
    case 'network':
      return { guard: rule.guard };
  }
};

describe('the built-in playbooks', () => {
  it('are these', () => {
    expect(names).toEqual(['baseline', 'cis-1.11', 'cis-1.12', 'k3s-cis', 'rke2-cis', 'stig', 'tls']);
  });

  it.each(names)('%s is named as its file, and every rule says why and where it is from', (name) => {
    const book = books.get(name);
    expect(book?.name).toBe(name);
    for (const rule of book?.rules ?? []) {
      const { cis, stig, docs } = rule.references;
      expect(Object.keys(cis).length + stig.length + docs.length, rule.id).toBeGreaterThan(0);
      expect(rule.why.length, rule.id).toBeGreaterThan(30);
    }
  });

  it('mean the same check by the same id, so that playbooks can be used together', () => {
    const seen = new Map<string, unknown>();
    for (const rule of [...books.values()].flatMap((book) => book.rules)) {
      if (seen.has(rule.id)) expect(check(rule), rule.id).toEqual(seen.get(rule.id));
      seen.set(rule.id, check(rule));
    }
    expect(seen.size).toBeGreaterThan(35);
  });

  it.each([
    ['cis-1.11', 15],
    ['cis-1.12', 14],
  ])('%s has every control of 4.1 and 4.2', (name, last) => {
    const ids = new Set(rulesOf(name).map((rule) => rule.references.cis[name]));
    const wanted = [
      ...Array.from({ length: 10 }, (_, i) => `4.1.${i + 1}`),
      ...Array.from({ length: last }, (_, i) => `4.2.${i + 1}`),
    ];
    expect([...ids].sort()).toEqual([...wanted].sort());
  });

  it.each([
    ['k3s-cis', 'k3s-cis-1.9', 13],
    ['k3s-cis', 'k3s-guide-1.12', 14],
    ['rke2-cis', 'rke2-cis-1.8', 13],
    ['rke2-cis', 'rke2-guide-1.12', 14],
  ])('%s has every control of %s', (name, benchmark, last) => {
    const ids = rulesOf(name).flatMap((rule) => rule.references.cis[benchmark] ?? []);
    const wanted = [
      ...Array.from({ length: 10 }, (_, i) => `4.1.${i + 1}`),
      ...Array.from({ length: last }, (_, i) => `4.2.${i + 1}`),
    ];
    expect([...new Set(ids)].sort()).toEqual([...wanted].sort());
  });

  it.each(['k3s', 'rke2'])('say why a rule is not for %s', (distro) => {
    const rules = [...books.values()].flatMap((book) => book.rules);
    for (const { id, kind, skip } of rules) {
      const path = rules.find((rule) => rule.id === id && rule.kind === 'file');
      const isUnitOrConfig = path?.kind === 'file' && ['kubelet-unit', 'kubelet-config'].includes(path.file.path);
      if (isUnitOrConfig || ['hostname-override', 'rotate-certificates', 'server-tls-bootstrap'].includes(id)) {
        expect(skip[distro], `${kind} ${id}`).toMatch(/\w{3}/);
      }
    }
  });

  it('write protect-kernel-defaults only where the kernel’s settings are kept with it', () => {
    const writing = [...books].flatMap(([name, { rules }]) =>
      rules.flatMap((rule) =>
        rule.kind === 'setting' && rule.setting === 'protectKernelDefaults' && rule.set !== undefined
          ? [{ name, skip: Object.keys(rule.skip), mayBreak: rule.mayBreak }]
          : [],
      ),
    );
    expect(writing.map(({ name }) => name)).toEqual(['k3s-cis', 'rke2-cis']);
    for (const { skip, mayBreak } of writing) {
      expect(skip).toEqual(['kubeadm', 'systemd']);
      expect(mayBreak).toContain('does not start');
    }
  });

  it('has the STIG controls of the kubelet', () => {
    const ids = rulesOf('stig').flatMap((rule) => rule.references.stig);
    for (const id of [
      'V-242387',
      'V-242391',
      'V-242392',
      'V-242435',
      'V-242397',
      'V-242404',
      'V-242406',
      'V-242407',
      'V-242434',
      'V-242399',
      'V-245541',
    ]) {
      expect(ids).toContain(id);
    }
  });

  it('never write what takes a node down: no CA, certificate, static pods or bootstrap', () => {
    const written = [...books.values()]
      .flatMap((book) => book.rules)
      .filter((rule) => rule.kind === 'setting' && rule.set !== undefined);
    const settings = written.map((rule) => (rule.kind === 'setting' ? rule.setting : ''));
    for (const risky of ['authentication.x509.clientCAFile', 'tlsCertFile', 'tlsPrivateKeyFile', 'staticPodPath']) {
      expect(settings).not.toContain(risky);
    }
    expect(settings).toContain('readOnlyPort');
  });

  it('ask the cluster for a serving certificate by tls alone, and never where the distribution issues one', () => {
    const asking = [...books].flatMap(([name, { rules }]) =>
      rules
        .filter((rule) => rule.kind === 'setting' && rule.setting === 'serverTLSBootstrap' && rule.set !== undefined)
        .map(({ skip }) => [name, Object.keys(skip)]),
    );
    expect(asking).toEqual([['tls', ['k3s', 'rke2']]]);
  });

  it('baseline closes the doors', () => {
    const sets = Object.fromEntries(
      rulesOf('baseline').flatMap((rule) => (rule.kind === 'setting' ? [[rule.setting, rule.set]] : [])),
    );
    expect(sets).toEqual({
      'authentication.anonymous.enabled': false,
      'authentication.webhook.enabled': true,
      'authentication.webhook.cacheTTL': '2m0s',
      'authentication.x509.clientCAFile': undefined,
      'authorization.mode': 'Webhook',
      'authorization.webhook.cacheAuthorizedTTL': '5m0s',
      'authorization.webhook.cacheUnauthorizedTTL': '30s',
      readOnlyPort: 0,
    });
  });
});

it('the families are those that the playbooks name', async () => {
  const families = new Map<string, string[]>();
  for (const name of await builtinNames()) {
    const { family } = await loadPlaybook(name);
    if (family !== undefined) families.set(family, [...(families.get(family) ?? []), name]);
  }
  expect(families.size).toBeGreaterThan(0);
  expect(await builtinFamilies()).toEqual(families);
});
