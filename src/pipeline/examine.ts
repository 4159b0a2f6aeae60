/** Evaluates what a node reported. Everything here works on plain data, so that it can run in another thread. Pure. */
import { type ClientsToWatch, clientsToWatch } from '../consumers/open-ports.js';
import type { Watched } from '../consumers/watch.js';
import { detectDistro, distros } from '../distros/index.js';
import { flagOnly } from '../facts/effective-kubelet.js';
import { type ExposedPorts, type PortsToProbe, portsToProbe } from '../facts/exposed-ports.js';
import { type Reading, unreadable } from '../facts/gather.js';
import { portsOf } from '../facts/kubelet-ports.js';
import { type NodeFacts, textOf } from '../facts/node-facts.js';
import { parseFacts } from '../facts/parse.js';
import type { NodeTraits } from '../cluster/nodes.js';
import type { Configz } from '../facts/running-differences.js';
import type { Host } from '../inventory/host.js';
import { messageOf } from '../lib/errors.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { type SeenOwner, ownerPathsOn, recogniseOwners } from '../owners/recognise.js';
import { ownerRefusal } from '../owners/report.js';
import { mismatch } from '../plan/bound-plan.js';
import type { HostPlan, PlanRefusal } from '../plan/host-plan.js';
import { playbooksFor } from '../playbook/audience.js';
import type { Playbook } from '../playbook/schema.js';
import type { EditOptions } from '../distros/distro.js';
import type { HostError } from '../ssh/errors.js';
import type { NodePorts } from '../verify/ports.js';
import { type HostDraft, type Standing, type SurveyedNode, draftFor } from './judge.js';
import { type ServingFacts, servingFactsOf } from './serving-facts.js';
import { transactionNotes } from './transaction-notes.js';

/** Questions of one node: what else is needed to judge it, which ports to ask, the judgement, and what verify asks. `answer` is the probe's, as it came. */
export interface Questions {
  read: { readonly answer: Uint8Array };
  ports: { readonly answer: Uint8Array } & Told;
  target: { readonly answer: Uint8Array } & Told;
  judge: { readonly answer: Uint8Array; readonly host: Host; readonly asked: Asked; readonly goal: Goal } & Told;
}

export interface Replies {
  read: NodeReading;
  ports: PortsToProbe & { readonly clients: ClientsToWatch | undefined };
  target: VerifyTarget;
  judge: Examined;
}

export type Question = { [K in keyof Questions]: { readonly question: K; readonly of: Questions[K] } }[keyof Questions];

/** What others say of the node. */
export interface Told {
  /** By its Node object. */
  readonly kubeletVersion: string | undefined;
  readonly configz: Configz;
  /** By its Node object: what tells of a system that owns the kubelet. */
  readonly traits?: NodeTraits | undefined;
}

/** What was asked of it, and found out about it. */
export interface Asked {
  readonly nodeName: string | undefined;
  readonly standing: Standing;
  /** Why the Node that the host claims to be is not accepted as its own. */
  readonly dispute?: PlanRefusal | undefined;
  readonly exposed: ExposedPorts;
  readonly notes: readonly string[];
}

export interface Goal {
  readonly playbooks: readonly Playbook[];
  /** Undefined: findings alone are wanted. */
  readonly plan: EditOptions | undefined;
  /** A plan that was made earlier, to be held against the node. */
  readonly saved?: HostPlan | undefined;
  /** Values that are not known to be harmless are shown, too. */
  readonly showValues?: boolean | undefined;
}

export interface NodeReading extends Reading {
  /** The Node that it says it is. */
  readonly claimed: string;
  /** Why there is nothing to judge on it. */
  readonly noKubelet: HostError | undefined;
  /** Paths on it that tell of a system that owns its kubelet. */
  readonly ownerPaths: readonly string[];
}

/** What verify needs to know of a node before it asks its ports. */
export interface VerifyTarget {
  readonly ports: NodePorts;
  /** The node's own addresses, as it reports them. */
  readonly addresses: readonly string[];
  readonly distro: string;
  readonly kubeletVersion: string | undefined;
  readonly server: boolean;
}

/** A judged node, without what it was judged by. */
export interface Examined {
  readonly draft: HostDraft;
  /** PEM of the certificate that an API server on it shows to kubelets. */
  readonly apiClientCertificate: string | undefined;
  readonly serving: ServingFacts;
  /** Why the saved plan is not one for the node as it is. */
  readonly mismatch: PlanRefusal | undefined;
  /** Who was seen to use its ports; undefined where nobody looked. */
  readonly watched?: Watched | undefined;
  /** Systems that own its kubelet, or may. */
  readonly owners: readonly SeenOwner[];
}

/** What was made of an answer, for the next question about it. */
export interface Understanding {
  facts?: Result<NodeFacts, HostError>;
  detected?: ReturnType<typeof detectDistro>;
}

/** An exception here is a failure of this node only. `soFar`: of the same answer; the result is the same without it. */
export function examine(
  { question, of }: Question,
  soFar: Understanding = {},
): Result<Replies[keyof Replies], HostError> {
  try {
    const facts = (soFar.facts ??= factsIn(of.answer));
    if (!facts.ok) return facts;
    const detected = (soFar.detected ??= detectDistro(facts.value));
    if (question === 'read') return ok(readingOf(facts.value, detected));
    const node = understood(facts.value, detected, of);
    if (!node.ok) return node;
    const view = { ...node.value, configz: of.configz, kubeletVersion: of.kubeletVersion };
    if (question === 'ports') {
      const ports = portsToProbe(view);
      return ok({ ...ports, clients: clientsToWatch(view, ports) });
    }
    if (question === 'target') return ok(targetOf(view));
    return ok(judged(of, view));
  } catch (error) {
    return unreadable(`the probe's answer could not be processed (${oneLine(messageOf(error), 120)})`);
  }
}

function readingOf(facts: NodeFacts, detected: Understanding['detected']): NodeReading {
  const { root, hostname, files } = facts;
  if (detected === undefined) {
    const reading = { root, files: [], folders: [], claimed: hostname.toLowerCase() };
    return { ...reading, noKubelet: noKubelet(facts), ownerPaths: ownerPathsOn(facts) };
  }
  const { setup } = detected;
  const override = flagOnly(setup.sources, 'hostname-override')?.value;
  const wanted = [...setup.configPaths, ...Object.values(setup.files), ...setup.sources.faults.map(({ path }) => path)];
  return {
    root,
    files: wanted.filter((path): path is string => path !== undefined && !files.has(path)),
    folders: setup.folders ?? [],
    claimed: typeof override === 'string' ? override : hostname.toLowerCase(),
    noKubelet: undefined,
    ownerPaths: ownerPathsOn(facts),
  };
}

function factsIn(answer: Uint8Array): Result<NodeFacts, HostError> {
  const facts = parseFacts(Buffer.from(answer).toString('utf8'));
  return facts.ok ? facts : unreadable(facts.error);
}

type Detected = NonNullable<ReturnType<typeof detectDistro>>;

/** Where the node does not tell its version, its Node object does: what the files mean may hang on it. */
function understood(
  facts: NodeFacts,
  detected: Understanding['detected'],
  { kubeletVersion }: Told,
): Result<Detected & { readonly facts: NodeFacts }, HostError> {
  if (detected === undefined) return fail(noKubelet(facts));
  if (detected.setup.kubeletVersion !== undefined || kubeletVersion === undefined) return ok({ facts, ...detected });
  const known: NodeFacts = { ...facts, reportedVersion: kubeletVersion };
  return ok({ facts: known, ...(detectDistro(known) ?? detected) });
}

function targetOf(view: Detected & { readonly facts: NodeFacts } & Told): VerifyTarget {
  const { kubelet, readOnly, addresses } = portsToProbe(view);
  const { distro, kubeletVersion, server } = view.setup;
  return {
    ports: { kubelet, readOnly, health: portsOf(view).healthz },
    addresses,
    distro,
    kubeletVersion: kubeletVersion ?? view.kubeletVersion,
    server: server === true,
  };
}

function judged(
  { host, asked, goal, traits }: Questions['judge'],
  { distro, ...view }: Detected & { readonly facts: NodeFacts } & Told,
): Examined {
  const { setup, facts } = view;
  const never =
    setup.unchangeable === undefined
      ? []
      : [`kubelatch audits this node but does not change it: ${setup.unchangeable.reason}`];
  const kubeletVersion = setup.kubeletVersion ?? view.kubeletVersion;
  const fitting = playbooksFor(goal.playbooks, { distro: setup.distro, kubeletVersion });
  const owners = recogniseOwners(ownerPathsOn(facts), traits);
  const node: SurveyedNode = {
    host,
    owners,
    nodeName: asked.nodeName,
    standing: asked.standing,
    dispute: asked.dispute,
    distro,
    view: { ...view, exposed: asked.exposed, showValues: goal.showValues },
    notes: [...asked.notes, ...fitting.notes, ...never, ...transactionNotes(facts.transactions)],
  };
  const certificate = setup.apiClientCertificate;
  return {
    draft: draftFor(node, fitting.playbooks, goal.plan),
    mismatch: goal.saved && (ownerRefusal(owners) ?? mismatch(goal.saved, view, distro.editable(facts, setup))),
    owners,
    apiClientCertificate: certificate === undefined ? undefined : textOf(facts, certificate),
    serving: servingFactsOf(view),
  };
}

function noKubelet(facts: NodeFacts): HostError {
  for (const distro of distros) {
    const why = distro.noKubelet?.(facts);
    if (why !== undefined) return { kind: 'script', message: why.reason, hint: why.hint };
  }
  const known = distros.map(({ title }) => title).join(', ');
  const message =
    facts.init === 'systemd'
      ? `no kubelet was found (known: ${known})`
      : 'the node does not run systemd, and its kubelet was not found';
  return { kind: 'script', message, hint: 'check that the host is a Kubernetes node, or remove it from the inventory' };
}
