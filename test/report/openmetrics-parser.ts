/** Reads OpenMetrics text strictly, by the ABNF of its specification 1.0; throws at the first line that does not fit. */
export interface ParsedSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ParsedFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ParsedSample[];
}

const name = String.raw`[a-zA-Z_:][a-zA-Z0-9_:]*`;
const escapes: Readonly<Record<string, string>> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' };

export function parseOpenMetrics(text: string): ReadonlyMap<string, ParsedFamily> {
  if (!text.endsWith('\n# EOF\n')) throw new Error('does not end with # EOF and a line feed');
  if (/[\0\r]/.test(text) || text.includes('\ufffd')) throw new Error('holds a character that it must not');
  const families = new Map<string, { type?: string; help?: string; samples: ParsedSample[]; keys: Set<string> }>();
  let current = '';
  for (const line of text.slice(0, -'# EOF\n'.length).split('\n').slice(0, -1)) {
    const meta = new RegExp(`^# (HELP|TYPE) (${name}) (.+)$`).exec(line);
    const sample = new RegExp(`^(${name})(?:\\{(.*)\\})? (-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)$`).exec(line);
    const of = meta?.[2] ?? sample?.[1];
    if (of === undefined) throw new Error(`not a line of OpenMetrics: ${line}`);
    if (of !== current && families.has(of)) throw new Error(`${of} is not in one block`);
    current = of;
    const family = families.get(of) ?? { samples: [], keys: new Set<string>() };
    families.set(of, family);
    if (meta) {
      const [, what, , value = ''] = meta;
      if (family.samples.length > 0) throw new Error(`${of}: ${what ?? ''} after a sample`);
      const key = what === 'HELP' ? 'help' : 'type';
      if (family[key] !== undefined) throw new Error(`${of}: ${key} twice`);
      if (key === 'type' && !/^(gauge|counter|info|stateset|histogram|summary|unknown|gaugehistogram)$/.test(value))
        throw new Error(`${of}: type ${value}`);
      family[key] = value;
    } else if (sample) {
      const labels = parseLabels(sample[2] ?? '');
      const key = JSON.stringify(Object.entries(labels).sort());
      if (family.keys.has(key)) throw new Error(`${line}: the same labels twice`);
      family.keys.add(key);
      family.samples.push({ labels, value: Number(sample[3]) });
    }
  }
  return new Map(
    [...families].map(([key, { type, help, samples }]) => {
      if (type === undefined || help === undefined) throw new Error(`${key} has no type or no help`);
      if (/_(total|created|count|sum|bucket|info|gcount|gsum)$/.test(key)) throw new Error(`${key}: a reserved ending`);
      return [key, { type, help, samples }];
    }),
  );
}

function parseLabels(text: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const next = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,(?=.)|$)/.exec(rest);
    if (next === null) throw new Error(`not a label: ${rest}`);
    const [whole, key = '', value = ''] = next;
    if (Object.hasOwn(labels, key)) throw new Error(`the label ${key} twice`);
    labels[key] = value.replace(/\\./g, (escape) => escapes[escape] ?? escape);
    rest = rest.slice(whole.length);
  }
  return labels;
}
