/** Hosts of the inventory, their logins, their backups, and rules, as JSON holds them. */
import { isReached } from '../lib/is-reached.js';
import type { CheckedLogin, InventoryCheckResult, InventoryResult, ListedHost } from './check-model.js';
import type { AuditResult, HostBackups, RuleResult } from './model.js';
import type { ResultDocument } from './schema.js';
import { line } from './words.js';

function listedTree({ host, address, nodeName, role, group, ssh }: ListedHost) {
  const { user, port, identityFile, knownHostsFile, jump, jumpForks, transport, direct, become, becomePassword } = ssh;
  const access = {
    user,
    port,
    identityFile,
    knownHostsFile,
    jump,
    jumpForks,
    transport,
    direct,
    become,
    becomePassword,
  };
  return { host, address, nodeName, role, group, ssh: access };
}

function checkTree({ host, login }: CheckedLogin) {
  if (!('hint' in login))
    return { host, status: 'usable' as const, user: login.user, sudo: login.sudo, transport: login.transport };
  const error = { kind: login.kind, message: line(login.message), hint: login.hint };
  return { host, status: isReached(login) ? ('unreadable' as const) : ('unreachable' as const), error };
}

export const shardTree = ({ shard }: Pick<AuditResult, 'shard'>) => (shard === undefined ? {} : { shard });

export function inventoryTree(result: InventoryResult) {
  const { cluster, apiServer, hosts } = result;
  return { cluster, apiServer, ...shardTree(result), hosts: hosts.map(listedTree) };
}

export function inventoryCheckTree(result: InventoryCheckResult) {
  const { cluster, apiServer: api, hosts } = result;
  const asked = api === undefined ? {} : { apiServer: { reached: api.reached, reason: api.reason ?? null } };
  return { cluster, ...asked, ...shardTree(result), hosts: hosts.map(checkTree) };
}

export function backupsTree({ host, error, backups }: HostBackups) {
  const all = backups.map(({ bytes, ...backup }) => ({ ...backup, bytes: bytes ?? null }));
  if (error === undefined) return { host, status: 'read' as const, backups: all };
  const status = isReached(error) ? ('unreadable' as const) : ('unreachable' as const);
  const { kind, message, hint } = error;
  return { host, status, error: { kind, message: line(message), hint }, backups: all };
}

type RuleDocument = ResultDocument<'rule'>['rule'];

export function ruleTree({ rule, want, wantText }: RuleResult): RuleDocument {
  const { kind, id, title, severity, why, mayBreak, versions, skip, references, ...own } = rule;
  const base = { kind, id, title, severity, why, mayBreak, versions, skip, references };
  return { ...base, want: want ?? null, wantText, ...own } as RuleDocument;
}
