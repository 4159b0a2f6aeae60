/** Plans what keeps others from the kubelet's ports: files of kubelatch's own, written whole. Pure. */
import type { Distro } from '../distros/distro.js';
import { textOf } from '../facts/node-facts.js';
import { addressListPath } from '../filter/address-list.js';
import { filterDropIn, filterPath, nftPath } from '../filter/packet-filter.js';
import { guardTexts } from '../playbook/network-rule.js';
import type { NetworkGuard, Rule } from '../playbook/schema.js';
import type { HostPlan, PlanRefusal } from './host-plan.js';
import type { Draft } from './planned-rules.js';
import { withText } from './simulate.js';

/** What the gate must see in effect after the restart. */
export type GuardKind = NetworkGuard['kind'];

/** What the user must do first. */
export function guardObstacle({ facts, setup }: Draft, guard: NetworkGuard): PlanRefusal | undefined {
  const leaveOut = 'or leave this rule out';
  if (facts.init !== 'systemd')
    return { reason: 'the node does not run systemd', hint: `use a node with systemd, ${leaveOut}` };
  if (guard.kind === 'packet-filter') {
    if (facts.files.get(nftPath)?.kind === 'file') return undefined;
    return { reason: `${nftPath} is not on the node`, hint: `install nftables on the node, ${leaveOut}` };
  }
  // k3s and RKE2 start the kubelet themselves, beside containerd and more.
  const isSupervised = setup.supervisorFlags !== undefined || setup.watch.child === true;
  if (!isSupervised && setup.server !== true) return undefined;
  const reason = `${setup.unit.name} also runs other programs than the kubelet, and the list would hold for them`;
  return { reason, hint: `use a packetFilter rule instead, ${leaveOut}` };
}

/** Writes the files of a guard into the draft. */
export function applyGuard(draft: Draft, distro: Distro, guard: NetworkGuard): PlanRefusal | undefined {
  const { unit } = draft.setup;
  for (const one of guardTexts(guard, unit.name))
    if (textOf(draft.facts, one.path) !== one.text)
      draft.facts = withText(draft.facts, unit.name, { ...one, mode: '0644' });
  const setup = distro.detect(draft.facts);
  if (setup === undefined) return { reason: 'the edit would make the unit unusable', hint: 'edit the unit by hand' };
  draft.setup = setup;
  return undefined;
}

/** The first rule whose files another rule has overwritten. */
export const overwrittenGuard = ({ facts, setup }: Draft, rules: readonly Rule[]): Rule | undefined =>
  rules.find(
    (rule) =>
      rule.kind === 'network' &&
      guardTexts(rule.guard, setup.unit.name).some(({ path, text }) => textOf(facts, path) !== text),
  );

/** The guards whose files a plan writes. */
export function editedGuards({ edits, unit }: Pick<HostPlan, 'edits' | 'unit'>): readonly GuardKind[] {
  const paths = new Set(edits.map(({ path }) => path));
  const ofFilter = paths.has(filterPath) || paths.has(filterDropIn(unit));
  return [
    ...(ofFilter ? (['packet-filter'] as const) : []),
    ...(paths.has(addressListPath(unit)) ? (['address-list'] as const) : []),
  ];
}

/** Which guards these rules bring. */
export const guardKinds = (rules: Iterable<Rule>): readonly GuardKind[] => [
  ...new Set([...rules].flatMap((rule) => (rule.kind === 'network' ? [rule.guard.kind] : []))),
];
