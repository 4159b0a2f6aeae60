/** Commands of the real program as the steps of the model call them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type Place, program } from '../shell/node-shell.js';

const tools = ['sync', 'mv', 'rm', 'ln', 'systemctl'];

/** From here on each call of a tool that changes something is logged; the answer reads the log. */
export function wrapTools({ dir, bin }: Place): () => string[] {
  const log = join(dir, 'tools.log');
  renameSync(join(bin, 'systemctl'), join(bin, 'systemctl.real'));
  for (const name of tools) {
    const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    const real = name === 'systemctl' ? join(bin, 'systemctl.real') : found;
    program(join(bin, name), `#!/bin/sh\nprintf '%s\\n' "${name} $*" >>"${log}"\nexec ${real} "$@"\n`);
  }
  return () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : []);
}

/** In the model's words; what it does not know is left out. */
export function commandsOf(lines: readonly string[], { root, units }: Place, etc: string): string[] {
  const change = `${root}/txn/r1`;
  const staged = `${etc}/.kubelatch-r1-`;
  const known: readonly (readonly [beginning: string, name: string])[] = [
    [`mv -fT -- ${change}/state.tmp `, 'mv state'],
    [`mv ${change}/undecided ${change}/decided-confirm`, 'mv decided-confirm'],
    [`mv ${change}/undecided ${change}/decided-revert`, 'mv decided-revert'],
    [`mv -fT -- ${staged}1.tmp `, 'mv first'],
    [`mv -fT -- ${staged}2.tmp `, 'mv second'],
    [`mv -fT -- ${staged}1.old `, 'restore first'],
    [`rm -f -- ${etc}/b`, 'restore second'],
    [`rm -f ${change}/state`, 'rm state'],
    [`rm -f ${units}/kubelatch-switch.timer`, 'rm switch'],
    [`rm -f ${units}/kubelatch-boot.service`, 'rm boot'],
    [`rm -rf ${change}`, 'rm change'],
    [`sync -- ${etc}/a ${etc}/`, 'sync first'],
    [`sync -- ${etc}/b ${etc}/`, 'sync second'],
    [`sync -- ${units}/kubelatch-`, 'sync switch'],
    [`sync -- ${units} `, 'sync units'],
    [`ln -sf ../kubelatch-boot.service `, 'ln boot'],
    ['systemctl daemon-reload', 'daemon-reload'],
    ['systemctl stop kubelatch-switch.timer', 'stop timer'],
    ['systemctl stop kubelatch-switch.service', 'stop service'],
    ['systemctl restart kubelatch-switch.timer', 'restart timer'],
    ['systemctl start kubelatch-switch.service', 'start service'],
    ['systemctl restart -- kubelet.service', 'restart kubelet'],
    ['systemctl --no-block try-restart -- kubelet.service', 'try-restart kubelet'],
  ];
  return lines.flatMap((line, index): string[] => {
    // The verdict is for people.
    if (line === `sync -- ${change}`)
      return lines[index - 1]?.includes('/verdict.tmp ') === true ? [] : ['sync change'];
    if (line === `sync -- ${etc}/`) return ['sync second'];
    if (line.startsWith(`sync -- ${change}/`) && line.includes(` ${root}/txn `)) return ['sync copies'];
    return known.filter(([beginning]) => line.startsWith(beginning)).map(([, name]) => name);
  });
}
