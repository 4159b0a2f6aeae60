// RKE2's profiles: what has to be true of the machine before it goes on, in its own words.
import { readFileSync } from 'node:fs';
import type { Role } from './distro.js';
import type { Settings } from './settings.js';

const kernel: Readonly<Record<string, string>> = {
  'vm.overcommit_memory': '1',
  'vm.panic_on_oom': '0',
  'kernel.panic': '10',
  'kernel.panic_on_oops': '1',
};

function kernelProblems(): string[] {
  return Object.entries(kernel).flatMap(([key, expected]) => {
    const value = readFileSync(`/proc/sys/${key.replaceAll('.', '/')}`, 'utf8').trim();
    return value === expected ? [] : [`invalid kernel parameter value ${key}=${value} - expected ${expected}`];
  });
}

function accountProblems(role: Role): string[] {
  if (role !== 'server') return [];
  const has = (file: string): boolean => /^etcd:/m.test(readFileSync(file, 'utf8'));
  return [
    ...(has('/etc/passwd') ? [] : ['missing required: user: unknown user etcd']),
    ...(has('/etc/group') ? [] : ['missing required: group: unknown group etcd']),
  ];
}

export interface Profile {
  readonly protectKernel: boolean;
  /** Why it will not start. */
  readonly fatal: string | undefined;
  readonly warning: string | undefined;
}

/** What `profile` and `protect-kernel-defaults` come to. k3s has no profile. */
export function judgeProfile(settings: Settings, role: Role, hasProfiles: boolean): Profile {
  const asked = settings.flag('protect-kernel-defaults');
  const profile = hasProfiles ? (settings.one('profile') ?? '') : '';
  const verdict = (fatal?: string, warning?: string): Profile => ({
    protectKernel: profile === 'cis' || (asked ?? false),
    fatal,
    warning,
  });
  if (profile === '') return verdict(undefined, hasProfiles ? 'not running in CIS mode' : undefined);
  if (profile !== 'cis' && profile !== 'etcd') return verdict('invalid value provided for --profile flag');
  if (profile === 'cis') {
    const problems = kernelProblems();
    if (problems.length > 0) return verdict(`${problems.join('\n')}\n`);
    if (asked === false) return verdict('--protect-kernel-defaults must be true when using --profile=cis');
  }
  const problems = accountProblems(role);
  return verdict(problems.length > 0 ? `${problems.join('\n')}\n` : undefined);
}
