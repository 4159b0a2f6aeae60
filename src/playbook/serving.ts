/** The cipher suites of a kubelet against the key of the certificate that the cluster issues it. Pure. */
import { effectiveSuites } from '../facts/cipher-suites.js';
import { settingAt } from '../facts/effective-kubelet.js';
import type { Finding, NodeView } from './assess.js';
import type { Playbook } from './schema.js';

const setting = 'serverTLSBootstrap';

/** The playbooks turn serverTLSBootstrap on for nodes of this distribution. */
export const wantsBootstrap = (playbooks: readonly Playbook[], distro: string): boolean =>
  playbooks.some(({ rules }) =>
    rules.some(
      (rule) =>
        rule.kind === 'setting' && rule.setting === setting && rule.set === true && rule.skip[distro] === undefined,
    ),
  );

const sets = (playbooks: readonly Playbook[], path: string): boolean =>
  playbooks.some(({ rules }) =>
    rules.some((rule) => rule.kind === 'setting' && rule.setting === path && rule.set !== undefined),
  );

/**
 * A kubelet always makes an ECDSA key for that certificate. A list that has only suites for RSA keys then leaves nothing for
 * clients with TLS 1.2. Empty where serverTLSBootstrap is off and no playbook turns it on.
 */
export function assessServing({ setup }: NodeView, playbooks: readonly Playbook[]): Finding[] {
  const at = (path: string) => settingAt(setup.sources, path);
  const isOn = at(setting)?.value === true;
  if (!isOn && (!wantsBootstrap(playbooks, setup.distro) || sets(playbooks, 'tlsCipherSuites'))) return [];
  const list = at('tlsCipherSuites');
  const suites: unknown = effectiveSuites(list?.value);
  if (!Array.isArray(suites) || suites.length === 0 || at('tlsMinVersion')?.value === 'VersionTLS13') return [];
  if (suites.some((suite) => typeof suite === 'string' && suite.startsWith('TLS_ECDHE_ECDSA_'))) return [];
  return [
    {
      rule: 'serving-cipher-suites',
      playbook: 'kubelatch',
      title: 'The cipher suites fit the key of the serving certificate',
      severity: 'high',
      status: 'fail',
      setting: 'tlsCipherSuites',
      want: undefined,
      wantText: 'at least one suite that begins with TLS_ECDHE_ECDSA_',
      got: list?.value,
      source: list?.source,
      note: `${isOn ? 'serverTLSBootstrap is on' : 'a playbook turns serverTLSBootstrap on'}, and the certificate that the cluster issues has an ECDSA key: with these suites no client with TLS 1.2 can connect. Add TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256.`,
      references: { cis: {}, stig: [], docs: [] },
    },
  ];
}
