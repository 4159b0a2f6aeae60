/** Parses the output of `systemctl show`. */
import type { LoadedUnit, UnitFact } from './node-facts.js';

/** One block of properties per unit. */
export function parseUnits(text: string): UnitFact[] {
  return text
    .split('\n\n')
    .filter((block) => block.includes('='))
    .map((block) => {
      const properties = new Map<string, string[]>();
      for (const line of block.split('\n')) {
        const at = line.indexOf('=');
        if (at <= 0) continue;
        const values = properties.get(line.slice(0, at)) ?? [];
        properties.set(line.slice(0, at), values);
        values.push(line.slice(at + 1));
      }
      const get = (key: string): string => properties.get(key)?.[0] ?? '';
      const words = (key: string): string[] => get(key).split(' ').filter(Boolean);
      return {
        name: get('Id'),
        names: properties.has('Names') ? words('Names') : undefined,
        loaded: ['loaded', 'bad-setting', 'error'].includes(get('LoadState')),
        refused: ['bad-setting', 'error'].includes(get('LoadState')),
        asLoaded: get('LoadState') === 'loaded' && get('NeedDaemonReload') === 'no' ? asLoaded(properties) : undefined,
        activeState: get('ActiveState'),
        subState: get('SubState'),
        type: get('Type'),
        fragmentPath: get('FragmentPath') === '' ? undefined : get('FragmentPath'),
        dropInPaths: words('DropInPaths'),
        mainPid: Number(get('MainPID')) || 0,
        restarts: Number(get('NRestarts')) || 0,
        restartDelay: parseTimespan(get('RestartUSec')),
        needsReload: get('NeedDaemonReload') === 'yes',
        enabled: get('UnitFileState'),
        filtersAddresses: countsBytes(properties.get('IPIngressBytes')?.[0]),
        killMode: get('KillMode') === '' ? undefined : get('KillMode'),
      };
    });
}

/** systemd counts what a unit receives by the same means by which it filters: a number, or no data. */
export function countsBytes(said: string | undefined): boolean | undefined {
  if (said === undefined) return undefined;
  // Older versions print the greatest number for no data.
  return /^\d{1,20}$/.test(said) && said !== '18446744073709551615';
}

function asLoaded(properties: ReadonlyMap<string, readonly string[]>): LoadedUnit | undefined {
  const shown = properties.get('ExecStart');
  if (shown === undefined) return undefined;
  const files = properties.get('EnvironmentFiles') ?? [];
  return {
    commands: shown.flatMap((line) => {
      const from = line.indexOf(argv);
      const to = line.lastIndexOf(' ; ignore_errors=');
      return from < 0 || to < from ? [] : [line.slice(from + argv.length, to)];
    }),
    environmentFiles: files.flatMap((line) => {
      const [, path, optional] = /^(.*) \(ignore_errors=(yes|no)\)$/.exec(line) ?? [];
      return path === undefined ? [] : [{ path, optional: optional === 'yes' }];
    }),
  };
}

const argv = ' ; argv[]=';

/** Converts systemd's "1min 30s", "100ms", "10s" to milliseconds. */
export function parseTimespan(text: string): number {
  const unit: Record<string, number> = { us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };
  let sum = 0;
  for (const [, amount, name] of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g)) {
    sum += Number(amount) * (unit[name ?? ''] ?? 0);
  }
  return sum;
}
