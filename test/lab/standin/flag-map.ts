// Command lines of the control plane's stand-ins: every flag is taken, the known ones are used.

/** --k=v, --k v and bare --k, the last one of a name wins. */
export function readFlags(args: readonly string[]): Readonly<Record<string, string>> {
  const flags: Record<string, string> = {};
  for (let i = 0; i < args.length; i += 1) {
    const match = /^--?([^=]+)(?:=([\s\S]*))?$/.exec(args[i] ?? '');
    if (!match) continue;
    const next = args[i + 1];
    const separate = match[2] === undefined && next !== undefined && !next.startsWith('-');
    if (separate) i += 1;
    flags[match[1] ?? ''] = match[2] ?? (separate ? next : 'true');
  }
  return flags;
}
