/** Host patterns of Ansible: `web[01:10]`, `db-[a:f]`, `n[0:10:2]`, each with an optional port. */
import { isIP } from 'node:net';
import { type Result, fail, ok } from '../lib/result.js';

export interface HostPattern {
  readonly names: readonly string[];
  readonly port?: number | undefined;
}

/** The names in order. Fails with a message if a range is wrong, or stands for more than `most` names. */
export function expandHosts(text: string, most: number): Result<HostPattern, string> {
  const { pattern, port } = splitPort(text);
  let names = [''];
  for (const [i, part] of pattern.split(/\[([^[\]]*)\]/).entries()) {
    if (i % 2 === 0 && /[[\]]/.test(part)) return fail(`${JSON.stringify(text)}: unbalanced brackets`);
    const items = i % 2 === 0 ? ok([part]) : itemsOf(part, most);
    if (!items.ok) return items;
    if (names.length * items.value.length > most) return fail(`${JSON.stringify(text)}: more than ${most} hosts`);
    names = names.flatMap((name) => items.value.map((item) => name + item));
  }
  return ok({ names, port });
}

/** `host:22` and `[2001:db8::1]:22`; a bare IPv6 address has no port. */
function splitPort(text: string): { readonly pattern: string; readonly port?: number } {
  const bracketed = /^\[([0-9A-Fa-f:.]+)\](?::(\d{1,5}))?$/.exec(text);
  if (bracketed?.[1] !== undefined && isIP(bracketed[1]) === 6)
    return { pattern: bracketed[1], ...(bracketed[2] === undefined ? {} : { port: Number(bracketed[2]) }) };
  if (isIP(text) === 6) return { pattern: text };
  const [, pattern = text, port] = /^(.*[^:]):(\d{1,5})$/.exec(text) ?? [];
  return port === undefined ? { pattern: text } : { pattern, port: Number(port) };
}

function itemsOf(text: string, most: number): Result<readonly string[], string> {
  const [first = '', last = '', step = '1', ...rest] = text.split(':');
  const shown = `[${text}]`;
  const from = first === '' ? '0' : first;
  const numbers = /^\d{1,9}$/.test(from) && /^\d{1,9}$/.test(last);
  const letters = /^([a-z]{2}|[A-Z]{2})$/.test(first + last) && first.length === 1;
  if (rest.length > 0 || (!numbers && !letters) || !/^[1-9]\d{0,8}$/.test(step)) return fail(`${shown} is not a range`);
  const [start, end] = numbers ? [Number(from), Number(last)] : [from.charCodeAt(0), last.charCodeAt(0)];
  if (end < start) return fail(`${shown} ends before it starts`);
  const padded = numbers && from.length > 1 && from.startsWith('0');
  if (padded && from.length !== last.length) return fail(`${shown}: start and end must have the same number of digits`);
  const count = Math.floor((end - start) / Number(step)) + 1;
  if (count > most) return fail(`${shown}: more than ${most} hosts`);
  return ok(
    Array.from({ length: count }, (_, i) => {
      const value = start + i * Number(step);
      return numbers ? String(value).padStart(padded ? from.length : 1, '0') : String.fromCharCode(value);
    }),
  );
}
