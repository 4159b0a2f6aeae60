/** Changes to a supervised kubelet: from 1.32 in a drop-in of our own, before it in a file of our own in config.yaml.d. */
import { setYamlValue } from '../edit/yaml-edit.js';
import { at } from '../facts/config-file.js';
import { effectiveSetting } from '../facts/effective-kubelet.js';
import { flagText } from '../facts/kubelet-flags.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import { type NodeFacts, textOf } from '../facts/node-facts.js';
import { type SettingInfo, type Value, settingByPath, settings } from '../facts/settings.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { TextChange, Wishes } from './distro.js';
import { persistKernelSettings, unfitKernelSettings, unfitText } from './kernel-settings.js';
import { type Supervisor, type SupervisorState, supervisorState } from './supervised-kubelet.js';
import { byWalk } from './supervised-drop-ins.js';
import { argumentsOf } from './supervised-sources.js';
import { moveArguments } from './supervisor-arguments.js';
import { appendKubeletArg, removeKubeletArg, setSupervisorKey } from './supervisor-edit.js';
import type { KubeletArg } from './supervisor-config.js';

type Change = Result<readonly TextChange[], string>;

/** Our file in kubelet.conf.d: sorts behind those that people usually write. */
const ownDropIn = '99-kubelatch.conf';
const header = '# Written by kubelatch. `kubelatch rollback` removes it.';

/** Settings that the supervisor owns: it issues the certificates itself. */
const owned: Readonly<Record<string, string>> = {
  serverTLSBootstrap:
    'its server issues the serving certificate; a request of the kubelet’s own would stay pending and drop it',
  tlsCertFile: 'its server issues the serving certificate',
  tlsPrivateKeyFile: 'its server issues the serving certificate',
  'authentication.x509.clientCAFile': 'its server issues the client CA',
};

/** One step towards `value`. */
export function changeSupervised(
  facts: NodeFacts,
  setup: KubeletSetup,
  info: SettingInfo,
  value: Value,
  supervisor: Supervisor,
  wishes?: Wishes,
): Change {
  const reason = owned[info.path];
  if (reason !== undefined) return fail(`${info.path} is never touched on ${supervisor.name}: ${reason}`);
  const fault = setup.sources.faults[0];
  if (fault !== undefined)
    return fail(`${fault.path}${fault.line === undefined ? '' : `:${fault.line}`}: ${fault.message}`);
  const unfit = unfitKernelSettings(facts);
  if (unfit.length > 0 && isOn(setup, 'protectKernelDefaults')) {
    const { reason, hint } = unfitText(unfit);
    return fail(`protectKernelDefaults is on, and the kubelet would not start again: ${reason}: ${hint}`);
  }
  const state = supervisorState(facts, setup.unit, supervisor);
  const { kept } = argumentsOf(state);
  const args = kept.filter(({ name }) => name === info.flag);
  const hiding = kept.find(({ origin }) => origin.kind !== 'config');
  const byKey = info.path === 'protectKernelDefaults';
  if (hiding !== undefined && (args.length > 0 || (!state.hasDropIns && !byKey))) {
    return wishes?.moveArguments === true ? moveArguments(facts, setup.unit, state) : hiddenBy(hiding, state);
  }
  const last = args.at(-1);
  if (byKey) return changeProtection(facts, setup, state, value, last);
  if (!state.hasDropIns) {
    // Repeated flags of these kinds add up, so that a further one would not replace what stands there.
    const addsUp = info.kind === 'list' || info.kind === 'map';
    if (addsUp && last !== undefined) return removeArg(facts, state, last);
    return appendKubeletArg(facts, state, flagText(info, value).slice(2));
  }
  if (last !== undefined) return removeArg(facts, state, last);
  // A flag of the supervisor's own is behind every file; only an argument replaces it.
  if (effectiveSetting(setup.sources, info).flags.length > 0) {
    return appendKubeletArg(facts, state, flagText(info, value).slice(2));
  }
  return writeDropIn(facts, setup, state, info, value);
}

function isOn({ sources }: KubeletSetup, path: string): boolean {
  const info = settingByPath.get(path);
  return info !== undefined && effectiveSetting(sources, info).value === true;
}

function hiddenBy({ origin: { path, line } }: KubeletArg, { configFile }: SupervisorState): Change {
  return fail(
    `--kubelet-arg in ExecStart (${path}:${line}) hides every kubelet-arg of the files: move it to ${configFile}, or say --move-arguments`,
  );
}

function removeArg(facts: NodeFacts, state: SupervisorState, arg: KubeletArg): Change {
  const neighbour = argumentsOf(state).swallowed.find(({ by }) => by.origin === arg.origin)?.one.origin;
  if (neighbour !== undefined) {
    const { path, line } = arg.origin;
    return fail(
      `${path}:${line}: ${arg.text} without a value swallows the entry at ${neighbour.path}:${neighbour.line}: give both a value by hand (key=value)`,
    );
  }
  return removeKubeletArg(facts, arg);
}

/** The kernel's settings first, then the top-level key; a drop-in only where another one says otherwise. */
function changeProtection(
  facts: NodeFacts,
  setup: KubeletSetup,
  state: SupervisorState,
  value: Value,
  argument: KubeletArg | undefined,
): Change {
  if (argument !== undefined) return removeArg(facts, state, argument);
  const persisted = value === true ? persistKernelSettings(facts) : ok<readonly TextChange[]>([]);
  if (!persisted.ok) return fail(`${persisted.error.reason}: ${persisted.error.hint}`);
  const info = settingByPath.get('protectKernelDefaults');
  const said = state.protects;
  const change =
    said?.value === value && info !== undefined && state.hasDropIns
      ? writeDropIn(facts, setup, state, info, value)
      : setSupervisorKey(facts, state, 'protect-kernel-defaults', value === true);
  return change.ok ? ok([...persisted.value, ...change.value]) : change;
}

/** From 1.32: a drop-in of our own with whole blocks, so that tools which read files one after the other are not misled. */
function writeDropIn(
  facts: NodeFacts,
  setup: KubeletSetup,
  state: SupervisorState,
  info: SettingInfo,
  value: Value,
): Change {
  const inFiles = { ...setup.sources, flags: [] };
  const ownPath = `${state.folder}/${ownDropIn}`;
  const winner = effectiveSetting(inFiles, info).source;
  const isLater = winner.kind === 'drop-in' && winner.path !== undefined && byWalk(ownPath, winner.path) < 0;
  const inFolder = winner.path?.startsWith(`${state.folder}/`) === true;
  const path = isLater && inFolder && winner.path !== ownPath ? winner.path : ownPath;
  let text =
    textOf(facts, path) ?? `${header}\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n`;
  const block = info.path.includes('.') ? info.path.split('.')[0] : undefined;
  const siblings =
    block === undefined ? [] : settings.filter((one) => one.path.startsWith(`${block}.`) && one.path !== info.path);
  const own = setup.sources.dropIns.find((one) => one.path === path);
  for (const sibling of siblings) {
    if (own !== undefined && at(own.data, sibling.path) !== undefined) continue;
    const current = effectiveSetting(inFiles, sibling);
    if (current.source.kind === 'default' || current.value === null) continue;
    const filled = setYamlValue(text, sibling.path.split('.'), current.value);
    if (!filled.ok) return fail(`${path}: ${filled.error}`);
    text = filled.value;
  }
  const edited = setYamlValue(text, info.path.split('.'), value);
  return edited.ok ? ok([{ path, mode: '0600', text: edited.value }]) : fail(`${path}: ${edited.error}`);
}
