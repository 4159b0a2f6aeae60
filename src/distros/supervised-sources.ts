/** What configures a supervised kubelet: the supervisor's own settings, files of kubelet.conf.d, kubelet-arg. */
import { posix } from 'node:path';
import { type ConfigFault, type ConfigFile, notText, parseConfigFile } from '../facts/config-file.js';
import { configDirFiles } from '../facts/config-dir.js';
import { configFaults } from '../facts/config-faults.js';
import type { Origin } from '../facts/command-line.js';
import { type KubeletSources, kubeletSources } from '../facts/effective-kubelet.js';
import type { Flag } from '../facts/kubelet-flags.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import { type NodeFacts, type UnitFact, isText, textOf } from '../facts/node-facts.js';
import { parseKubeVersion, satisfies } from '../lib/kube-version.js';
import type { Obstacle } from './distro.js';
import {
  type Supervisor,
  type SupervisorState,
  ownOrigin,
  supervisedFiles,
  disableAgentEntry,
  supervisorPaths,
  supervisorState,
  unreadFault,
} from './supervised-kubelet.js';
import { runningFlags } from './supervised-running.js';
import { copies, dropInsOf, leftoversOf, namedFiles, withProtection } from './supervised-drop-ins.js';
import { type KubeletArg, kubeletArg } from './supervisor-config.js';
import { keyMistakes, kubeletArgFaults } from './supervisor-faults.js';
import { isOn } from './supervisor-keys.js';

/** Before this version the 0 in the supervisor's file was lost, and the legacy default 10255 applied (k3s-io/k3s#12164). */
const readOnlyFixed = '>=1.32.4';

/** A supervised kubelet's setup without the parts that only its distribution knows. */
export function supervisedSetup(
  facts: NodeFacts,
  unit: UnitFact,
  supervisor: Supervisor,
): Omit<KubeletSetup, 'distro' | 'process' | 'watch'> & {
  readonly dataDir: string;
  /** Why the kubelet would not run again after a restart. */
  readonly stopsForGood: Obstacle | undefined;
} {
  const state = supervisorState(facts, unit, supervisor);
  const { folder } = state;
  const { kept } = argumentsOf(state);
  const named = namedFiles(kept);
  const sources = supervisedSources(facts, unit, supervisor, state);
  const written = [supervisor.defaultsFile, copies.config].map((name) => posix.join(folder, name));
  const ownFiles = configDirFiles(facts, folder).filter(
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
      ...(named.folder === undefined ? [] : configDirFiles(facts, named.folder)),
    ],
    files: supervisedFiles(state.dataDir),
    apiClientCertificate:
      state.role === 'server' ? posix.join(state.dataDir, 'server/tls/client-kube-apiserver.crt') : undefined,
    kubeletVersion: state.version,
    folders: [`${state.configFile}.d`, folder, ...(named.folder === undefined ? [] : [named.folder])],
    argumentsVisible: false,
    server: state.role === 'server',
    leftovers: state.hasDropIns ? leftoversOf(facts, state, named, supervisor) : [],
    dataDir: state.dataDir,
    stopsForGood: stopsForGood(disableAgentEntry(facts, unit, supervisor)?.origin),
  };
}

function stopsForGood(origin: Origin | undefined): Obstacle | undefined {
  if (origin === undefined) return undefined;
  const place = `${origin.path}:${origin.line}`;
  return {
    reason: `disable-agent is on (${place}), so a restart would stop the kubelet and not start it again`,
    hint: `remove it from ${place}, or remove the host from the inventory`,
  };
}

function supervisedSources(
  facts: NodeFacts,
  unit: UnitFact,
  supervisor: Supervisor,
  state: SupervisorState,
): KubeletSources {
  const { config, hasDropIns, reader } = state;
  const minor = parseKubeVersion(state.version ?? '')?.minor;
  const { kept, takenAsValue } = argumentsOf(state);
  const faults: ConfigFault[] = [...config.faults, ...kubeletArgFaults(kept, reader)];
  const load = (path: string): ConfigFile | undefined => {
    const text = textOf(facts, path);
    if (text === undefined) {
      faults.push(unreadFault(facts, path));
      return undefined;
    }
    const role = hasDropIns ? 'drop-in' : 'config';
    const { file, fault } = isText(facts, path)
      ? parseConfigFile(path, text, { role, minor })
      : { fault: notText(path) };
    if (fault !== undefined) faults.push(fault);
    return file;
  };
  const named = namedFiles(kept);
  const folders = [`${state.configFile}.d`, ...(hasDropIns ? [state.folder] : []), named.folder ?? state.folder];
  const unread = new Set(folders.filter((path) => facts.files.get(path)?.kind === 'unreadable'));
  faults.push(...[...unread].map((path) => unreadFault(facts, path)));
  const passed = kept.filter(({ name }) => !hasDropIns || (name !== 'config' && name !== 'config-dir'));
  const own = ownFlags(facts, unit, supervisor, state);
  const flags = flagsOf(own.flags, passed);
  const lost = config.overridden.filter((one) => one.key === 'kubelet-arg');
  const sources = kubeletSources({
    command: [supervisor.name, ...flags.map((flag) => `--${flag.name}=${flag.value ?? 'true'}`)],
    flags,
    config: hasDropIns || named.config === undefined ? undefined : load(named.config),
    hasConfig: !hasDropIns && named.config !== undefined,
    dropIns: hasDropIns
      ? withProtection(dropInsOf(facts, state.folder, named, load), supervisor, state)
      : (named.folder === undefined ? [] : configDirFiles(facts, named.folder)).flatMap((path) => load(path) ?? []),
    faults,
    unclear: state.unclear,
    mistakes: keyMistakes(config, reader),
    unknownDefaults: own.unknownDefaults,
    supervisorDefaults: [posix.join(state.folder, supervisor.defaultsFile)],
    hidden: [
      ...lost.map((one) => ({ one: kubeletArg(one), by: one.overriddenBy, takenAsValue: false })),
      ...takenAsValue.map(({ one, by }) => ({ one, by: by.origin, takenAsValue: true })),
    ].map(({ one, by, takenAsValue: isTaken }) => ({
      name: 'kubelet-arg',
      value: `--${one.name}=${one.value}`,
      origin: one.origin,
      overriddenBy: by,
      takenAsValue: isTaken,
    })),
    minor,
  });
  return { ...sources, faults: configFaults(sources) };
}

/**
 * Since 1.32 an entry without a value takes the next entry as its value, and that entry has no effect.
 * From k3s-io/k3s pkg/daemons/agent/agent.go (extractConfigArgs); not confirmed upstream.
 */
export function argumentsOf({ config, hasDropIns }: SupervisorState): {
  readonly kept: readonly KubeletArg[];
  readonly takenAsValue: readonly { readonly one: KubeletArg; readonly by: KubeletArg }[];
} {
  const all = (config.values.get('kubelet-arg') ?? []).map(kubeletArg);
  if (!hasDropIns) return { kept: all, takenAsValue: [] };
  const kept: KubeletArg[] = [];
  const takenAsValue: { one: KubeletArg; by: KubeletArg }[] = [];
  for (let index = 0; index < all.length; index += 1) {
    const arg = all[index];
    const next = all[index + 1];
    if (arg === undefined) continue;
    const takes = arg.bare && next !== undefined;
    const isPath = arg.name === 'config' || arg.name === 'config-dir';
    kept.push(takes && isPath ? { ...arg, value: next.text } : arg);
    if (!takes) continue;
    if (!isPath) takenAsValue.push({ one: next, by: arg });
    index += 1;
  }
  return { kept, takenAsValue };
}

/**
 * Flags that supervisors pass to the kubelet before 1.32 unless an argument replaces them. Seen in k3s-io/k3s#1936; the read-
 * only port and the certificates are not confirmed for every version.
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

/** Default flags whose values depend on facts that are not read here. Their values come from the running kubelet. */
const flagsFromRunning = [
  'address',
  'allowed-unsafe-sysctls',
  'feature-gates',
  'healthz-bind-address',
  'pod-manifest-path',
];

/** The supervisor's defaults as flags, and the settings whose defaults are unknown. */
function ownFlags(
  facts: NodeFacts,
  unit: UnitFact,
  supervisor: Supervisor,
  state: SupervisorState,
): { readonly flags: readonly Flag[]; readonly unknownDefaults: ReadonlyMap<string, string> } {
  const { config, hasDropIns, dataDir, protects } = state;
  const origin = ownOrigin(unit, supervisor.name);
  const running = runningFlags(facts, unit, supervisor.kubelet)?.flags;
  const closed = hasDropIns ? isReadOnlyClosed(state.version, running) : true;
  const texts = hasDropIns ? (closed === true ? ['--read-only-port=0'] : []) : oldFlags(dataDir);
  const flags = texts.map((text): Flag => {
    const [name = '', value = ''] = text.slice(2).split('=');
    return { name, value, origin };
  });
  const nodeName = config.values.get('node-name')?.at(-1);
  const hasId = isOn(config.values.get('with-node-id')?.at(-1)?.text ?? '');
  const alike = hasId ? [...flagsFromRunning, 'hostname-override'] : flagsFromRunning;
  for (const { name, value } of running ?? []) {
    if (alike.includes(name)) flags.push({ name, value, origin });
  }
  if (!hasId) {
    const value = (nodeName?.text ?? facts.hostname).toLowerCase();
    const place = nodeName === undefined ? origin : ({ ...nodeName.origin, kind: 'built-in' } as const);
    flags.push({ name: 'hostname-override', value, origin: place });
  }
  if (!hasDropIns && protects !== undefined) {
    const place = { ...protects.entry.origin, kind: 'built-in' } as const;
    flags.push({ name: 'protect-kernel-defaults', value: String(protects.value), origin: place });
  }
  const reason = `the version of ${supervisor.title} is unknown, and before 1.32.4 this port is open by default`;
  return { flags, unknownDefaults: closed === undefined ? new Map([['readOnlyPort', reason]]) : new Map() };
}

/** Whether the supervisor closes the read-only port by default. Undefined if neither its version nor the running kubelet shows it. */
function isReadOnlyClosed(version: string | undefined, running: readonly Flag[] | undefined): boolean | undefined {
  if (version !== undefined) return satisfies(version, readOnlyFixed) === true;
  return running === undefined ? undefined : running.some((one) => one.name === 'read-only-port' && one.value === '0');
}

/**
 * Combines flags as k3s-io/k3s pkg/util/args.go (GetArgs) does: `k=v` replaces the default value, `k+=v` and `k-=v` come after
 * and before it. Names are compared as written, and flags are passed on in the order of their names.
 */
function flagsOf(own: readonly Flag[], args: readonly KubeletArg[]): Flag[] {
  const left = new Map(own.map((flag) => [flag.name, flag]));
  const found = new Map<string, Flag[]>();
  for (const { key, name, value, how, origin } of args) {
    const initial = left.get(key);
    const flag: Flag = { name, value, origin };
    const earlier = found.get(key) ?? [];
    const standing = initial === undefined || how === 'replaces' ? [] : [initial];
    found.set(key, how === 'prepends' ? [flag, ...standing, ...earlier] : [...standing, ...earlier, flag]);
    left.delete(key);
  }
  for (const [key, flag] of left) found.set(key, [flag]);
  return [...found].sort(([one], [other]) => (one < other ? -1 : 1)).flatMap(([, flags]) => flags);
}
