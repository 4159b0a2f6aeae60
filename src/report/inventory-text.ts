/** The resolved inventory and the result of its connection check, as text. */
import { type TextOptions, paragraph } from './layout.js';
import type { CheckedApiServer, CheckedLogin } from './check-model.js';
import type { ListedHost } from './check-model.js';
import { table } from './table.js';
import { line } from './words.js';

/** Ends with a line feed. */
export function inventoryText(hosts: readonly ListedHost[], { width }: TextOptions): string {
  const columns = ['NAME', 'ADDRESS', 'ROLE', 'GROUP', 'USER', 'JUMP'].map((header) => ({ header }));
  const rows = hosts.map(({ host, address, role, group, ssh }) => ({
    cells: [host, address, role, group, ssh.user ?? '-', ssh.jump.join(',') || '-'],
  }));
  return `${table(columns, rows, width).join('\n')}\n`;
}

/** One line per host; a failed host has a hint below it. Ends with a line feed. */
export function checkText(
  hosts: readonly CheckedLogin[],
  apiServer: CheckedApiServer | undefined,
  { width }: TextOptions,
): string {
  const lines = hosts.flatMap(({ host, login }) => {
    if (!('hint' in login))
      return paragraph(
        '+ ',
        `${line(host)}: connected as ${line(login.user)}${login.transport === 'openssh' ? ' by OpenSSH' : ''}${login.sudo ? '; sudo works' : ''}`,
        width,
      );
    return [
      ...paragraph('! ', `${line(host)}: ${line(login.message)}`, width),
      ...paragraph('    hint: ', line(login.hint), width),
    ];
  });
  const server =
    apiServer === undefined
      ? []
      : apiServer.reached
        ? ['+ API server: answers']
        : paragraph('! ', `API server: ${line(apiServer.reason ?? 'not reached')}`, width);
  return `${[...lines, ...server].join('\n')}\n`;
}
