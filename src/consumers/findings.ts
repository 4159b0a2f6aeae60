/** Who will break, as findings about the cluster: each client with its evidence, what will happen to it, and what to change. Pure. */
import { oneLine } from '../lib/sanitize.js';
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import type { WatchedHost } from './clients.js';
import { type Closing, type Draft, type Drafts, type Unexplained, grown, growthTexts } from './drafts.js';
import { productOf } from './products.js';
import { type Holder, byVersion, holderText } from './rbac.js';
import { type PodPlace, ownerText } from './workloads.js';

const readOnlyRule = {
  rule: 'consumer-read-only-port',
  title: 'No client depends on the read-only port',
} as const;
const anonymousRule = {
  rule: 'consumer-anonymous',
  title: 'Every client of the kubelet has credentials and rights',
} as const;
const proxyRule = {
  rule: 'consumer-nodes-proxy',
  title: 'Only administrators and the API server may use nodes/proxy',
} as const;

/** Rules about the clients that a change of this setting may turn away. */
export function clientRulesOf(setting: string): readonly string[] {
  if (setting === 'readOnlyPort') return [readOnlyRule.rule];
  return ['authentication.anonymous.enabled', 'authorization.mode'].includes(setting) ? [anonymousRule.rule] : [];
}

/** Clients that a change turns away; holders of rights keep working. */
export const isBreaking = ({ rule, status }: Pick<ClusterFinding, 'rule' | 'status'>): boolean =>
  status === 'fail' && (rule === readOnlyRule.rule || rule === anonymousRule.rule);

/** What a ServiceAccount may do on kubelets by the API server's own word. */
export interface AccountRights {
  /** It has at least one right; undefined: the API server could not be asked. */
  readonly any: boolean | undefined;
  /** Of those that its product needs. */
  readonly missing: readonly string[];
}

export const accountKey = ({ namespace, name }: NonNullable<Draft['serviceAccount']>): string => `${namespace}/${name}`;

export function breakingFindings(
  { drafts, unexplained }: Drafts,
  closing: Closing,
  rights: ReadonlyMap<string, AccountRights>,
): ClusterFinding[] {
  return [
    ...drafts.flatMap((draft) => {
      const account = draft.serviceAccount && rights.get(accountKey(draft.serviceAccount));
      return draft.port === 'read-only' ? [readOnlyFinding(draft, account)] : kubeletFinding(draft, closing, account);
    }),
    ...unexplained.map(unexplainedFinding),
  ];
}

function readOnlyFinding(draft: Draft, account: AccountRights | undefined): ClusterFinding {
  const { object, evidence, isLive } = draft;
  const message = isLive
    ? 'It reads the read-only port now. Its connections are refused once readOnlyPort is 0.'
    : 'It is set up to read the read-only port. Its connections are refused once readOnlyPort is 0.';
  const severity = isLive ? 'high' : 'medium';
  return { ...readOnlyRule, severity, status: 'fail', object, message, evidence, fix: fixOf(draft, account) };
}

/** A client with rights sends credentials, or it would not have them; one that certainly sends none is told nevertheless. */
function kubeletFinding(draft: Draft, closing: Closing, account: AccountRights | undefined): ClusterFinding[] {
  const { object, evidence, isLive, isSureAnonymous, isNamed, serviceAccount } = draft;
  const head = { ...anonymousRule, object, evidence };
  if (!isNamed) {
    const message = `It uses port 10250, and what it sends cannot be seen. ${whatHappens(closing)}`;
    return [
      { ...head, severity: 'medium', status: 'unknown', message, fix: 'find out what it is, and give it credentials' },
    ];
  }
  if (!isSureAnonymous && account?.any === true) return [];
  const fix = fixOf(draft, account);
  const who = serviceAccount === undefined ? 'Its account' : `ServiceAccount ${accountKey(serviceAccount)}`;
  if (!isSureAnonymous && account?.any === undefined) {
    const message = `It uses port 10250, and what ${who} may do there could not be asked. ${whatHappens(closing)}`;
    return [{ ...head, severity: 'medium', status: 'unknown', message, fix }];
  }
  const what = isLive ? 'It uses port 10250' : 'It is set up to use port 10250';
  const lack = isSureAnonymous ? 'without credentials' : `and ${who} has no rights on kubelets`;
  const message = `${what}${isSureAnonymous ? ' ' : ', '}${lack}. ${whatHappens(closing)}`;
  return [{ ...head, severity: isLive ? 'high' : 'medium', status: 'fail', message, fix }];
}

function whatHappens({ anonymous, webhook }: Closing): string {
  const parts = [
    ...(anonymous.length === 0 ? [] : ['requests without credentials get 401']),
    ...(webhook.length === 0 ? [] : ['requests with credentials but without rights get 403']),
  ].join(', ');
  return `After the change, ${parts}.`;
}

/** What to change in it, then the rights that it lacks. */
function fixOf({ fix, rights, serviceAccount }: Draft, account: AccountRights | undefined): string {
  const general =
    'use https://NODE:10250 with the token of its ServiceAccount (/var/run/secrets/kubernetes.io/serviceaccount/token)';
  const first = fix === '' ? general : fix;
  const missing = account?.missing ?? rights;
  if (missing.length === 0) return first;
  return [first, ...grantCommands(serviceAccount, missing)].join('\n');
}

const isPlain = (name: string): boolean => /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name);

/** Names go into commands only if they are such names. */
function grantCommands(account: Draft['serviceAccount'], rights: readonly string[]): string[] {
  const known = account !== undefined && isPlain(account.namespace) && isPlain(account.name);
  const role = known ? `${account.name}-kubelet` : 'kubelet-reader';
  const subject = known ? `${account.namespace}:${account.name}` : 'NAMESPACE:SERVICEACCOUNT';
  return [
    `kubectl create clusterrole ${role} --verb=get --resource=${rights.join(',')}`,
    `kubectl create clusterrolebinding ${role} --clusterrole=${role} --serviceaccount=${subject}`,
  ];
}

function unexplainedFinding({ host, growth }: Unexplained): ClusterFinding {
  const object = `Node ${host.nodeName}`;
  const fix = `find the client on the node: ss -Htnp '( sport = :${host.watched.readOnly[0] ?? 10255} )', and look again with a longer --observe`;
  if (grown(host, 'read-only').length > 0) {
    const message =
      'Something reads the read-only port of this node now, and was not found. Its connections are refused once readOnlyPort is 0.';
    const evidence = growthTexts(host, 'read-only');
    return { ...readOnlyRule, severity: 'high', status: 'fail', object, message, evidence, fix };
  }
  const message = `Something has read the read-only port since the kubelet started, but not in the ${host.watched.seconds} s of this look.`;
  const evidence = growth
    .slice(0, 3)
    .map(({ path, total }) => `${host.host}: the kubelet counted ${total} requests for ${path.slice(0, 80)}`);
  return { ...readOnlyRule, severity: 'medium', status: 'unknown', object, message, evidence, fix };
}

/** Hosts that could not be looked at, and lists that the API server did not give. */
export function unseenFindings(hosts: readonly WatchedHost[], problems: readonly string[]): ClusterFinding[] {
  const head = { ...readOnlyRule, severity: 'medium', status: 'unknown', fix: '' } as const;
  const unseen = hosts.flatMap(({ nodeName, watched: { counters, connections } }) => {
    const [failed] = [counters, connections].flatMap((one) => (one.ok ? [] : [one.error]));
    if (failed === undefined) return [];
    const what = counters.ok ? 'Connections of this node' : 'The counters of this kubelet';
    const message = `${what} could not be read, so that clients may have been missed: ${oneLine(failed, 200)}.`;
    return [{ ...head, object: `Node ${nodeName}`, message, evidence: [] }];
  });
  if (problems.length === 0) return unseen;
  const message = 'The cluster was not searched as a whole, so that clients may have been missed.';
  return [...unseen, { ...head, object: undefined, message, evidence: problems }];
}

/** `versions`: of all kubelets that are known. */
export function holderFindings(
  holders: readonly Holder[],
  pods: readonly PodPlace[],
  oldest: string | undefined,
  hasFineRights: boolean,
): ClusterFinding[] {
  return holders.map((holder) => {
    const own = pods.filter(
      ({ owner, serviceAccount }) =>
        holder.kind === 'ServiceAccount' && owner.namespace === holder.namespace && serviceAccount === holder.name,
    );
    const product = productOf(own.flatMap(({ images }) => images));
    const users = [...new Set(own.map(({ owner }) => ownerText(owner)))].slice(0, 3);
    const evidence = [
      ...holder.grants.map(
        ({ clusterRole, binding, resources, verbs }) =>
          `ClusterRole ${oneLine(clusterRole, 80)} has ${verbs.join(', ')} on ${resources.join(', ')}, bound by ClusterRoleBinding ${oneLine(binding, 80)}`,
      ),
      ...(users.length === 0 ? [] : [`used by ${users.join(', ')}`]),
    ];
    const message =
      'It may use nodes/proxy: even get alone lets it run commands in every pod through a kubelet, past the audit log of the API server.';
    const fix = narrowing(
      holder,
      product?.rights ?? ['nodes/metrics', 'nodes/stats', 'nodes/pods'],
      oldest,
      hasFineRights,
    );
    const object = oneLine(holderText(holder), 120);
    const whole = product?.narrow === undefined ? fix : `${product.name}: ${product.narrow}\n${fix}`;
    return { ...proxyRule, severity: 'medium', status: 'fail', object, message, evidence, fix: whole };
  });
}

function narrowing(
  { grants }: Holder,
  rights: readonly string[],
  oldest: string | undefined,
  hasFineRights: boolean,
): string {
  const roles = [...new Set(grants.map(({ clusterRole }) => oneLine(clusterRole, 80)))].join(', ');
  const { always, from133 } = byVersion(rights);
  const others = from133.length === 0 ? ['nodes/pods', 'nodes/healthz', 'nodes/configz'] : from133;
  const known = hasFineRights
    ? [...always, ...others]
    : always.length === 0
      ? ['nodes/metrics', 'nodes/stats']
      : always;
  const first = `in ClusterRole ${roles}, replace it with those of ${known.join(', ')} that are needed, with verb get`;
  const old = `${others.join(', ')} work on kubelets from 1.33 (the oldest here is ${oneLine(oldest ?? 'unknown', 40)}): until then, only these paths need nodes/proxy`;
  const through = 'requests through the API server (/api/v1/nodes/NAME/proxy/...) need nodes/proxy in every version';
  return [first, ...(hasFineRights ? [] : [old]), through].join('\n');
}
