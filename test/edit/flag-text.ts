/** Random kubelet flags, written as people write them in environment files and units. */
import fc, { type GeneratorValue } from 'fast-check';

export interface FlagText {
  /** What the kubelet gets as one argument. */
  readonly argument: string;
  /** How it stands in the file. */
  readonly raw: string;
}

export interface FlagsText {
  readonly text: string;
  readonly flags: readonly FlagText[];
}

/** Flags that take any text. */
const freeNames = [
  ...['node-labels', 'cgroup-driver', 'cluster-domain', 'pod-infra-container-image', 'node-ip', 'hostname-override'],
];
/** Flags with values that the kubelet takes. */
const typed: Readonly<Record<string, readonly string[]>> = {
  'anonymous-auth': ['true', 'false'],
  'read-only-port': ['10255', '0'],
  'tls-cipher-suites': [
    'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_RC4_128_SHA',
  ],
  v: ['2'],
  'feature-gates': ['RotateKubeletServerCertificate=true,NodeSwap=false'],
  'authorization-mode': ['AlwaysAllow', 'Webhook'],
  'event-qps': ['50', '5'],
  'client-ca-file': ['/etc/x.crt'],
};
const names = [...freeNames, ...Object.keys(typed)];
const values = ['true', 'false', '10255', 'a=b,c=d', '/etc/x.crt', 'k8s.io/role=x', '', 'ünï', 'a:b', 'x#y', '100%%'];
const spacedValues = ['a b', 'a  b', 'x; y', "it's", 'say "no"', '# no comment'];

const valuesOf = (name: string): readonly string[] => typed[name] ?? values;

const pick = <T>(g: GeneratorValue, list: readonly T[]): T => list[g(fc.nat, { max: list.length - 1 })] as T;

function flagNames(g: GeneratorValue): string[] {
  return g(fc.shuffledSubarray<string>, names, { minLength: 1, maxLength: 6 });
}

/** A value of a variable in an environment file, in each of the three quotings, with other lines around it. */
export const environmentText = fc.gen().map((g): FlagsText => {
  const style = pick(g, ['', '"', "'"] as const);
  const eol = pick(g, ['\n', '\n', '\r\n']);
  const flags = flagNames(g).map((name): FlagText => {
    if (typed[name] !== undefined || g(fc.nat, { max: 3 }) > 0) return same(`--${name}=${pick(g, valuesOf(name))}`);
    const value = pick(g, spacedValues);
    const inner = pick(g, { '': ['"', "'"], '"': ["'", '\\"'], "'": ['"'] }[style]);
    if (value.includes(inner.at(-1) ?? '') || (style !== '' && /["'\\]/.test(value))) return same(`--${name}=x`);
    return { argument: `--${name}=${value}`, raw: `--${name}=${inner}${value}${inner}` };
  });
  const blanks = style === "'" ? [' ', '  ', '\t'] : [' ', '  ', '\t', ` \\${eol === '\n' ? eol : '\n'}  `];
  const around = ['', '# KUBELET_EXTRA_ARGS=--v=1', '; note', 'OTHER="a  b" ', "HTTP_PROXY='http://x'", '   ', 'junk'];
  const lines = (): string =>
    g(fc.subarray<string>, around)
      .map((line) => line + eol)
      .join('');
  const edge = pick(g, ['', '', ' ']);
  const body = flags.map(({ raw }, index) => (index === 0 ? raw : pick(g, blanks) + raw)).join('');
  const head = pick(g, ['KUBELET_EXTRA_ARGS=', '  KUBELET_EXTRA_ARGS=', 'KUBELET_EXTRA_ARGS = ']);
  const end = pick(g, [eol, '']);
  return { text: `${lines()}${head}${style}${edge}${body}${edge}${style}${end}${end === '' ? '' : lines()}`, flags };
});

/** The lines of a unit with an ExecStart= of several lines, comments among them. */
export const execStartText = fc.gen().map((g): FlagsText => {
  const eol = pick(g, ['\n', '\n', '\r\n']);
  const flags = flagNames(g).map((name): FlagText => {
    const argument = `--${name}=${pick(g, valuesOf(name))}`;
    if (typed[name] !== undefined || g(fc.nat, { max: 3 }) > 0)
      return { argument: argument.replaceAll('%%', '%'), raw: argument };
    const value = pick(g, spacedValues);
    const quote = value.includes('"') ? "'" : '"';
    const quoted = `--${name}=${value}`;
    const raw = pick(g, [`${quote}${quoted}${quote}`, `--${name}=${quote}${value}${quote}`]);
    return value.includes(quote) ? same(`--${name}=x`) : { argument: quoted, raw };
  });
  const gap = (): string =>
    pick(g, [' ', '  ', ` \\${eol}  `, ` \\${eol}# note \\${eol}\t`, ` \\${eol}; note${eol}  `]);
  const tail = pick(g, ['', '  ']);
  const body = flags.map(({ raw }) => gap() + raw).join('');
  const head = `[Unit]${eol}# kubelet${eol}[Service]${eol}Restart=always${eol}`;
  return { text: `${head}ExecStart=/usr/bin/kubelet${body}${tail}${eol}# end${eol}[Install]${eol}`, flags };
});

const same = (argument: string): FlagText => ({ argument, raw: argument });
