/** What feeds a supervised kubelet: the supervisor's own settings, files of kubelet.conf.d, kubelet-arg. */
import { posix } from 'node:path';
import { type ConfigFault, type ConfigFile, parseConfigFile } from '../facts/config-file.js';
import type { KubeletSources } from '../facts/effective-kubelet.js';
import type { Flag } from '../facts/kubelet-flags.js';
import type { RunningFlags } from '../facts/running-flags.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import { type NodeFacts, type UnitFact, textOf } from '../facts/node-facts.js';
import { satisfies } from '../lib/kube-version.js';
import {
  type Supervisor,
  type SupervisorState,
  ownOrigin,
  supervisedFiles,
  supervisorPaths,
  supervisorState,
  unreadFault,
} from './supervised-kubelet.js';
import { copies, dropInPaths, dropInsOf, leftoversOf, namedFiles, withProtection } from './supervised-drop-ins.js';
import { type KubeletArg, kubeletArg } from './supervisor-config.js';

/** Before it the 0 in the supervisor's file was lost, and without --config the legacy default 10255 holds (k3s-io/k3s#12164). */
const readOnlyFixed = '>=1.32.4';

/** A supervised kubelet's set-up without what only its distribution knows. */
export function supervisedSetup(
  facts: NodeFacts,
  unit: UnitFact,
  supervisor: Supervisor,
  running: RunningFlags | undefined,
): Omit<KubeletSetup, 'distro' | 'process' | 'watch'> & { readonly dataDir: string } {
  const state = supervisorState(facts, unit, supervisor);
  const { folder } = state;
  const { kept } = argumentsOf(state);
  const named = namedFiles(kept);
  const sources = supervisedSources(facts, unit, supervisor, state, running);
  const written = [supervisor.defaultsFile, copies.config].map((name) => posix.join(folder, name));
  const ownFiles = dropInPaths(facts, folder).filter(
    (path) => !written.includes(path) && !path.startsWith(`${folder}/${copies['config-dir']}/`),
  );
  return {
    evidence: `${unit.name}, ${state.role}`,
    unit,
    sources,
    configPaths: [
      ...supervisorPaths(facts, unit, state),
      ...(state.hasDropIns ? ownFiles : []),
      ...(named.config === undefined ? [] : [named.config]),
      ...(named.folder === undefined ? [] : dropInPaths(facts, named.folder)),
    ],
    files: supervisedFiles(state.dataDir),
    apiClientCertificate: undefined,
    kubeletVersion: state.version,
    folders: [`${state.configFile}.d`, folder, ...(named.folder === undefined ? [] : [named.folder])],
    argumentsVisible: false,
    server: state.role === 'server',
    leftovers: state.hasDropIns ? leftoversOf(facts, state, named, supervisor) : [],
    dataDir: state.dataDir,
  };
}

function supervisedSources(
  facts: NodeFacts,
  unit: UnitFact,
  supervisor: Supervisor,
  state: SupervisorState,
  running: RunningFlags | undefined,
): KubeletSources {
  const { config, hasDropIns } = state;
  const faults: ConfigFault[] = [...config.faults];
  const load = (path: string): ConfigFile | undefined => {
    const text = textOf(facts, path);
    if (text === undefined) {
      faults.push(unreadFault(facts, path));
      return undefined;
    }
    const { file, fault } = parseConfigFile(path, text);
    if (fault !== undefined) faults.push(fault);
    return file;
  };
  const { kept, swallowed } = argumentsOf(state);
  const named = namedFiles(kept);
  const passed = kept.filter(({ name }) => !hasDropIns || (name !== 'config' && name !== 'config-dir'));
  const flags = flagsOf(ownFlags(facts, unit, supervisor, state, running), passed);
  const lost = config.lost.filter((one) => one.key === 'kubelet-arg');
  return {
    command: [supervisor.name, ...flags.map((flag) => `--${flag.name}=${flag.value ?? 'true'}`)],
    flags,
    config: hasDropIns || named.config === undefined ? undefined : load(named.config),
    hasConfig: !hasDropIns && named.config !== undefined,
    dropIns: hasDropIns
      ? withProtection(dropInsOf(facts, state.folder, named, load), supervisor, state)
      : dropInPaths(facts, named.folder).flatMap((path) => load(path) ?? []),
    faults,
    givenPaths: [posix.join(state.folder, supervisor.defaultsFile)],
    hidden: [
      ...lost.map((one) => ({ one: kubeletArg(one), by: one.hiddenBy, swallowed: false })),
      ...swallowed.map(({ one, by }) => ({ one, by: by.origin, swallowed: true })),
    ].map(({ one, by, swallowed: isSwallowed }) => ({
      name: 'kubelet-arg',
      value: `--${one.name}=${one.value}`,
      origin: one.origin,
      hiddenBy: by,
      swallowed: isSwallowed,
    })),
  };
}

/**
 * From 1.32 an entry without a value takes the next one for its value, and that one is lost.
 * Read in k3s-io/k3s pkg/daemons/agent/agent.go (extractConfigArgs); not confirmed upstream.
 */
export function argumentsOf({ config, hasDropIns }: SupervisorState): {
  readonly kept: readonly KubeletArg[];
  readonly swallowed: readonly { readonly one: KubeletArg; readonly by: KubeletArg }[];
} {
  const all = (config.values.get('kubelet-arg') ?? []).map(kubeletArg).filter(({ text }) => text !== '');
  if (!hasDropIns) return { kept: all, swallowed: [] };
  const kept: KubeletArg[] = [];
  const swallowed: { one: KubeletArg; by: KubeletArg }[] = [];
  for (let index = 0; index < all.length; index += 1) {
    const arg = all[index];
    const next = all[index + 1];
    if (arg === undefined) continue;
    const takes = arg.bare && next !== undefined;
    const isPath = arg.name === 'config' || arg.name === 'config-dir';
    kept.push(takes && isPath ? { ...arg, value: next.text } : arg);
    if (!takes) continue;
    if (!isPath) swallowed.push({ one: next, by: arg });
    index += 1;
  }
  return { kept, swallowed };
}

/**
 * Flags that supervisors give the kubelet before 1.32, where no argument replaces them. Seen in k3s-io/k3s#1936; the read-only port
 * and the certificates are not confirmed for every version.
 */
const oldFlags = (dataDir: string): readonly string[] => [
  '--anonymous-auth=false',
  '--authentication-token-webhook=true',
  '--authorization-mode=Webhook',
  `--client-ca-file=${dataDir}/agent/client-ca.crt`,
  '--read-only-port=0',
  `--tls-cert-file=${dataDir}/agent/serving-kubelet.crt`,
  `--tls-private-key-file=${dataDir}/agent/serving-kubelet.key`,
];

/** Flags of the supervisor's own whose values hang on more than is read here: the running kubelet's are taken for them. */
const telling = ['address', 'allowed-unsafe-sysctls', 'feature-gates', 'healthz-bind-address', 'pod-manifest-path'];

/** What the supervisor gives its kubelet by itself, as flags. */
function ownFlags(
  facts: NodeFacts,
  unit: UnitFact,
  supervisor: Supervisor,
  state: SupervisorState,
  running: RunningFlags | undefined,
): Flag[] {
  const { config, hasDropIns, version, dataDir, protects } = state;
  const origin = ownOrigin(unit, supervisor.name);
  const open = version !== undefined && satisfies(version, readOnlyFixed) === false;
  const texts = hasDropIns ? (open ? [] : ['--read-only-port=0']) : oldFlags(dataDir);
  const flags = texts.map((text): Flag => {
    const [name = '', value = ''] = text.slice(2).split('=');
    return { name, value, origin };
  });
  const nodeName = config.values.get('node-name')?.at(-1);
  const alike = config.values.has('with-node-id') ? [...telling, 'hostname-override'] : telling;
  for (const { name, value } of running?.flags ?? []) {
    if (alike.includes(name)) flags.push({ name, value, origin });
  }
  if (!config.values.has('with-node-id')) {
    const value = (nodeName?.text ?? facts.hostname).toLowerCase();
    const place = nodeName === undefined ? origin : ({ ...nodeName.origin, kind: 'built-in' } as const);
    flags.push({ name: 'hostname-override', value, origin: place });
  }
  if (!hasDropIns && protects !== undefined) {
    const place = { ...protects.entry.origin, kind: 'built-in' } as const;
    flags.push({ name: 'protect-kernel-defaults', value: String(protects.value), origin: place });
  }
  return flags;
}

/** Joined as k3s-io/k3s pkg/util/args.go (GetArgs) does: `k=v` replaces the own value, `k+=v` and `k-=v` stand behind and before it. */
function flagsOf(own: readonly Flag[], args: readonly KubeletArg[]): Flag[] {
  const left = new Map(own.map((flag) => [flag.name, flag]));
  const found = new Map<string, Flag[]>();
  for (const { name, value, how, origin } of args) {
    const initial = left.get(name);
    const earlier = [...(initial === undefined || how === 'replaces' ? [] : [initial]), ...(found.get(name) ?? [])];
    const flag: Flag = { name, value, origin };
    found.set(name, how === 'prepends' ? [flag, ...earlier] : [...earlier, flag]);
    left.delete(name);
  }
  return [...left.values(), ...[...found.values()].flat()];
}
