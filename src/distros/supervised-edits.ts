/** Changes to a supervised kubelet: since 1.32 in kubelatch's own drop-in, before that in its own file in config.yaml.d. */
import { setYamlValue } from '../edit/yaml-edit.js';
import { walkOrder } from '../facts/config-dir.js';
import { effectiveSetting, settingAt } from '../facts/effective-kubelet.js';
import { flagText } from '../facts/kubelet-flags.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import { type NodeFacts, textOf } from '../facts/node-facts.js';
import { type SettingInfo, type Value, settingByPath, settings } from '../facts/settings.js';
import { at } from '../facts/value.js';
import { plainValue } from '../facts/config-tree.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { Editable, TextChange, EditOptions } from './distro.js';
import { editableFiles } from './editable-files.js';
import { ownKernelFile, persistKernelSettings, wrongKernelSettings, kernelSettingsFix } from './kernel-settings.js';
import { type Supervisor, type SupervisorState, supervisorState } from './supervised-kubelet.js';
import { argumentsOf } from './supervised-sources.js';
import { moveArguments } from './supervisor-arguments.js';
import { appendKubeletArg, ownPath, removeKubeletArg, setSupervisorKey } from './supervisor-edit.js';
import type { KubeletArg } from './supervisor-config.js';
import { obstacleIn, ownDropIn } from './systemd-kubelet.js';

type Change = Result<readonly TextChange[], string>;

/** kubelatch's file in kubelet.conf.d. It sorts after the names that people usually choose. */
const ownDropInName = '99-kubelatch.conf';
const header = '# Written by kubelatch. While this node has its backups, `kubelatch rollback` removes it.';

/** Settings that the supervisor owns, because it issues the certificates itself. */
const ownedBySupervisor: Readonly<Record<string, string>> = {
  serverTLSBootstrap:
    'its server issues the serving certificate; a certificate request of the kubelet would stay pending and the kubelet would lose its certificate',
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
  options?: EditOptions,
): Change {
  const reason = ownedBySupervisor[info.path];
  if (reason !== undefined) return fail(`kubelatch does not change ${info.path} on ${supervisor.name}: ${reason}`);
  const obstacle = obstacleIn(setup.sources);
  if (obstacle !== undefined) return fail(obstacle);
  const unfit = wrongKernelSettings(facts);
  if (unfit.length > 0 && isOn(setup, 'protectKernelDefaults')) {
    const { reason, hint } = kernelSettingsFix(unfit);
    return fail(
      `protectKernelDefaults is on, and the kubelet would not start with the current kernel settings: ${reason}; ${hint}`,
    );
  }
  const state = supervisorState(facts, setup.unit, supervisor);
  const { kept } = argumentsOf(state);
  const args = kept.filter(({ name }) => name === info.flag);
  const given = args.findLast(({ origin }) => origin.kind !== 'config');
  const byKey = info.path === 'protectKernelDefaults';
  if (given !== undefined) {
    const moved = moveArguments(facts, setup.unit, state);
    return options?.moveArguments === true ? moved : setInUnit(given, state, moved);
  }
  const last = args.at(-1);
  if (byKey) return changeProtection(facts, setup, state, { value, argument: last });
  if (!state.hasDropIns || (!state.isDropInSupportKnown && info.flag !== undefined)) {
    // Repeated flags of these kinds accumulate, so another flag would not replace the existing one.
    const addsUp = info.kind === 'list' || info.kind === 'map';
    if (addsUp && last !== undefined) return removeArg(facts, state, last);
    return appendKubeletArg(facts, state, flagText(info, value).slice(2));
  }
  if (last !== undefined) return removeArg(facts, state, last);
  // The supervisor's own flag overrides every file. Only a kubelet-arg replaces it.
  if (effectiveSetting(setup.sources, info).flags.length > 0) {
    return appendKubeletArg(facts, state, flagText(info, value).slice(2));
  }
  return writeDropIn(facts, setup, state, { info, value });
}

/** The supervisor's own files, those of kubelet.conf.d, and the three that kubelatch writes. */
export function editableSupervised(facts: NodeFacts, setup: KubeletSetup, supervisor: Supervisor): Editable {
  const state = supervisorState(facts, setup.unit, supervisor);
  const inFolder = setup.sources.dropIns.map(({ path }) => path).filter((path) => path.startsWith(`${state.folder}/`));
  return editableFiles(facts, setup, [
    ...state.configFiles,
    ownPath(state),
    ...inFolder,
    `${state.folder}/${ownDropInName}`,
    ownDropIn(setup.unit),
    ownKernelFile,
  ]);
}

const isOn = ({ sources }: KubeletSetup, path: string): boolean => settingAt(sources, path)?.value === true;

/** Suggests `--move-arguments` only if it would work. */
function setInUnit(
  { name, origin: { path, line } }: KubeletArg,
  { configFile }: SupervisorState,
  moved: Change,
): Change {
  const why = `--kubelet-arg in ExecStart (${path}:${line}) sets ${name} and overrides every kubelet-arg in files`;
  return fail(
    moved.ok
      ? `${why}. Move it to ${configFile}, or add --move-arguments`
      : `${why}. Move it to ${configFile} by hand (${moved.error})`,
  );
}

function removeArg(facts: NodeFacts, state: SupervisorState, arg: KubeletArg): Change {
  const neighbour = argumentsOf(state).takenAsValue.find(({ by }) => by.origin === arg.origin)?.one.origin;
  if (neighbour !== undefined) {
    const { path, line } = arg.origin;
    return fail(
      `${path}:${line}: ${arg.text} has no value and takes the entry at ${neighbour.path}:${neighbour.line} as its value. Give both a value by hand (key=value)`,
    );
  }
  return removeKubeletArg(facts, arg);
}

/** First the kernel settings, then the top-level key. A drop-in is needed only if another drop-in sets the opposite. */
function changeProtection(
  facts: NodeFacts,
  setup: KubeletSetup,
  state: SupervisorState,
  { value, argument }: { readonly value: Value; readonly argument: KubeletArg | undefined },
): Change {
  if (argument !== undefined) return removeArg(facts, state, argument);
  const persisted = value === true ? persistKernelSettings(facts) : ok<readonly TextChange[]>([]);
  if (!persisted.ok) return fail(`${persisted.error.reason}; ${persisted.error.hint}`);
  const info = settingByPath.get('protectKernelDefaults');
  const said = state.protects;
  const change =
    said?.value === value && info !== undefined && state.hasDropIns && state.isDropInSupportKnown
      ? writeDropIn(facts, setup, state, { info, value })
      : setSupervisorKey(facts, state, 'protect-kernel-defaults', value === true);
  return change.ok ? ok([...persisted.value, ...change.value]) : change;
}

/** Since 1.32: writes whole blocks to kubelatch's drop-in, so that tools which read single files show the right values. */
function writeDropIn(
  facts: NodeFacts,
  setup: KubeletSetup,
  state: SupervisorState,
  { info, value }: { readonly info: SettingInfo; readonly value: Value },
): Change {
  const inFiles = { ...setup.sources, flags: [] };
  const ownFile = `${state.folder}/${ownDropInName}`;
  const winner = effectiveSetting(inFiles, info).source;
  const isLater = winner.kind === 'drop-in' && winner.path !== undefined && walkOrder(ownFile, winner.path) < 0;
  const inFolder = winner.path?.startsWith(`${state.folder}/`) === true;
  const path = isLater && inFolder && winner.path !== ownFile ? winner.path : ownFile;
  let text =
    textOf(facts, path) ?? `${header}\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n`;
  const block = info.path.includes('.') ? info.path.split('.')[0] : undefined;
  const siblings =
    block === undefined ? [] : settings.filter((one) => one.path.startsWith(`${block}.`) && one.path !== info.path);
  const own = setup.sources.dropIns.find((one) => one.path === path);
  for (const sibling of siblings) {
    if (own !== undefined && at(plainValue(own.root), sibling.path) !== undefined) continue;
    const current = effectiveSetting(inFiles, sibling);
    if (current.source.kind === 'default' || current.value === null) continue;
    const filled = setYamlValue(text, sibling.path.split('.'), current.value);
    if (!filled.ok) return fail(`${path}: ${filled.error}`);
    text = filled.value;
  }
  const edited = setYamlValue(text, info.path.split('.'), value);
  return edited.ok ? ok([{ path, mode: '0600', text: edited.value }]) : fail(`${path}: ${edited.error}`);
}
