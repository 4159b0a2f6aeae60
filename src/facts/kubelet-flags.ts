/** The kubelet's flags out of its argument list, read as pflag reads them. */
import type { Argument, Origin } from './command-line.js';
import { type SettingInfo, type Value, settingByFlag } from './settings.js';

export interface Flag {
  /** Without dashes; `_` counts as `-`, as the kubelet normalises it. */
  readonly name: string;
  /** Undefined for a bare flag. */
  readonly value: string | undefined;
  readonly origin: Origin;
  /** The argument that holds the value of `--name value`. */
  readonly valueOrigin?: Origin | undefined;
}

/** Flags that take no separate value besides those of the settings table. */
const bareFlags = new Set(['fail-swap-on', 'cgroups-per-qos', 'register-node', 'runonce', 'help', 'version']);

/** All flags in order; `args` without the program itself. */
export function parseFlags(args: readonly Argument[]): Flag[] {
  const flags: Flag[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index];
    const match = /^--?([A-Za-z][A-Za-z0-9_.-]*)(?:=([\s\S]*))?$/.exec(arg?.text ?? '');
    if (arg === undefined || match === null) continue;
    const name = (match[1] ?? '').replaceAll('_', '-');
    const next = args[index + 1];
    const takesNext =
      match[2] === undefined &&
      next !== undefined &&
      !next.text.startsWith('--') &&
      !bareFlags.has(name) &&
      settingByFlag.get(name)?.kind !== 'boolean';
    if (takesNext) index += 1;
    flags.push({
      name,
      value: match[2] ?? (takesNext ? next.text : undefined),
      origin: arg.origin,
      ...(takesNext ? { valueOrigin: next.origin } : {}),
    });
  }
  return flags;
}

/** A flag's text as a value of its setting; the text itself where it does not parse (the kubelet would not start with it). */
export function flagValue(info: SettingInfo, text: string | undefined): Value {
  switch (info.kind) {
    case 'boolean':
      if (text === undefined || /^(1|t|T|TRUE|true|True)$/.test(text)) return true;
      return /^(0|f|F|FALSE|false|False)$/.test(text) ? false : text;
    case 'integer':
      return text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : (text ?? '');
    case 'list':
      return (text ?? '').split(',').filter(Boolean);
    case 'map':
      return Object.fromEntries(
        (text ?? '')
          .split(',')
          .filter(Boolean)
          .map((pair) => {
            const [key = '', value = ''] = pair.split('=');
            return [key.trim(), value === 'true' ? true : value === 'false' ? false : value];
          }),
      );
    case 'string':
    case 'duration':
      return text ?? '';
  }
}

/** A value in the form a flag takes: `--anonymous-auth=false`. */
export function flagText(info: SettingInfo, value: Value): string {
  const text = Array.isArray(value)
    ? value.map((one) => textOfScalar(one as Value)).join(',')
    : value !== null && typeof value === 'object'
      ? Object.entries(value)
          .map(([key, one]) => `${key}=${textOfScalar(one)}`)
          .join(',')
      : textOfScalar(value);
  return `--${info.flag ?? ''}=${text}`;
}

const textOfScalar = (value: Value): string => (typeof value === 'string' ? value : JSON.stringify(value));
