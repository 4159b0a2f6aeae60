// protectKernelDefaults: the kernel settings the kubelet wants to find, and what it says when they differ.
import { readFileSync } from 'node:fs';

const wanted: Readonly<Record<string, string>> = {
  'vm/overcommit_memory': '1',
  'vm/panic_on_oom': '0',
  'kernel/panic': '10',
  'kernel/panic_on_oops': '1',
  'kernel/keys/root_maxkeys': '1000000',
  'kernel/keys/root_maxbytes': '25000000',
};

function current(name: string): string {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  } catch {
    return '';
  }
}

/** undefined when every setting is as wanted. */
export function refusalToProtectKernel(): string | undefined {
  const wrong = Object.entries(wanted).filter(([name, value]) => current(name) !== value);
  if (wrong.length === 0) return undefined;
  return `[${wrong.map(([name, value]) => `invalid kernel flag: ${name}, expected value: ${value}, actual value: ${current(name)}`).join(', ')}]`;
}
