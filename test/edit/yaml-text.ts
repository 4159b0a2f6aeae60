/** Random KubeletConfiguration texts as people and programs write them, with the extent of every value in them. */
import fc, { type GeneratorValue } from 'fast-check';

export interface Extent {
  readonly start: number;
  readonly end: number;
}

export interface YamlText {
  readonly text: string;
  /** For each path, joined by dots: where its value stands (from its colon in block form); of a repeated key, the last. */
  readonly extents: ReadonlyMap<string, Extent>;
}

type Shape = 'scalar' | 'list' | { readonly [key: string]: Shape };

const kubelet: Shape = {
  authentication: {
    anonymous: { enabled: 'scalar' },
    webhook: { enabled: 'scalar', cacheTTL: 'scalar' },
    x509: { clientCAFile: 'scalar' },
  },
  authorization: { mode: 'scalar', webhook: { cacheAuthorizedTTL: 'scalar', cacheUnauthorizedTTL: 'scalar' } },
  readOnlyPort: 'scalar',
  tlsCipherSuites: 'list',
  featureGates: { RotateKubeletServerCertificate: 'scalar', NodeSwap: 'scalar' },
  clusterDNS: 'list',
  evictionHard: { 'memory.available': 'scalar', 'nodefs.available': 'scalar' },
  staticPodPath: 'scalar',
  customerKey: { nested: { deep: 'scalar' }, list: 'list' },
};

const plain = [
  ...['true', 'false', 'yes', 'no', 'on', 'off', 'null', '~', '0', '10255', '010', '0x1F', '-1', '1.5', '4h0m0s', '0s'],
  ...['Webhook', '/etc/kubernetes/pki/ca.crt', 'a b c', 'a#b', 'http://x:8080', '10.96.0.10', '100Mi', '<none>', 'a:b'],
];
const quoted = ['"x: y # z"', "'it''s'", '"tab\\there"', '"quote \\" in"', "''", '""', '"{no: map}"', '"ünïcödé"'];
const jsonScalars = ['true', 'false', 'null', '0', '10255', '"Webhook"', '"a \\"b\\""', '"4h0m0s"'];
const lastLine = 'lines # no comment';
const comments = [
  '# plain',
  '# key: value',
  '# it\'s "quoted" {a: [b',
  '#',
  '# ünïcödé ✓',
  '# - item',
  '#enabled: true',
];

/** Every ordinary form: block, flow and JSON, quotes, comments anywhere, empty values, repeated keys, CRLF, no last line end. */
export const yamlText = fc.gen().map((g): YamlText => {
  const writer = new Writer(g);
  writer.document();
  return { text: writer.text, extents: writer.extents };
});

class Writer {
  text = '';
  readonly extents = new Map<string, Extent>();
  private readonly g: GeneratorValue;
  private readonly eol: string;
  private readonly json: boolean;
  private readonly noise: boolean;

  constructor(g: GeneratorValue) {
    this.g = g;
    this.eol = this.pick(['\n', '\n', '\r\n']);
    this.json = this.oneIn(8);
    this.noise = !this.json && this.oneIn(2);
  }

  document(): void {
    if (this.json) this.flow(kubelet, '');
    else {
      this.between();
      if (this.oneIn(5)) this.text += `---${this.eol}`;
      this.between();
      this.text += `apiVersion: kubelet.config.k8s.io/v1beta1${this.eol}`;
      this.block(kubelet, '', 0);
      this.between();
      this.text += 'kind: KubeletConfiguration';
      this.endLine();
      if (this.noise && this.oneIn(6)) this.text += `...${this.eol}`;
    }
    if (this.oneIn(3)) this.text = this.text.replace(/\r?\n$/, '');
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.g(fc.nat, { max: list.length - 1 })] as T;
  }

  private oneIn(count: number): boolean {
    return this.g(fc.nat, { max: count - 1 }) === count - 1;
  }

  /** Comments and blank lines, indented anyhow; below a block scalar an indented one would belong to it. */
  private between(): void {
    while (this.noise && this.oneIn(3)) {
      const indent = this.text.trimEnd().endsWith(lastLine) ? 0 : this.pick([0, 1, 2, 4, 7]);
      this.text += (this.oneIn(2) ? '' : ' '.repeat(indent) + this.pick(comments)) + this.eol;
    }
  }

  private endLine(): void {
    if (this.noise && this.oneIn(3)) this.text += this.pick([' ', '  ', '\t']) + this.pick(comments);
    else if (this.noise && this.oneIn(6)) this.text += '  ';
    this.text += this.eol;
  }

  private key(key: string): string {
    return this.json ? `"${key}"` : this.pick([key, key, key, `"${key}"`, `'${key}'`]);
  }

  private keysOf(shape: Shape, most: number): string[] {
    const all = Object.keys(shape);
    const keys = this.g(fc.shuffledSubarray<string>, all, { maxLength: Math.min(most, all.length) });
    const first = keys[0];
    return first !== undefined && !this.json && this.oneIn(10) ? [...keys, first] : keys;
  }

  /** Forgets what an earlier key of the same name held. */
  private forget(path: string): void {
    for (const known of [...this.extents.keys()]) {
      if (known === path || known.startsWith(`${path}.`)) this.extents.delete(known);
    }
  }

  private gap(): void {
    if (!this.json && !this.oneIn(4)) this.text += this.pick(['', ' ']);
    else {
      if (this.noise && this.oneIn(3)) this.text += ` ${this.pick(comments)}`;
      this.text += this.eol + ' '.repeat(24);
    }
  }

  private flow(shape: Shape, path: string): void {
    const start = this.text.length;
    if (shape === 'scalar') this.text += this.pick(this.json ? jsonScalars : [...plain, ...quoted]);
    else if (shape === 'list') {
      const items = Array.from({ length: this.g(fc.nat, { max: 3 }) }, (_, index) => String(index));
      this.flowEntries('[', items, ']', () => this.flow('scalar', '-'));
    } else {
      this.flowEntries('{', this.keysOf(shape, 4), '}', (key) => {
        this.forget(join(path, key));
        this.text += `${this.key(key)}:${this.pick([' ', '  '])}`;
        this.flow(shape[key] ?? 'scalar', join(path, key));
      });
    }
    this.extents.set(path, { start, end: this.text.length });
  }

  private flowEntries(open: string, entries: readonly string[], close: string, write: (entry: string) => void): void {
    this.text += open;
    entries.forEach((entry, index) => {
      this.gap();
      write(entry);
      if (index < entries.length - 1 || (!this.json && this.oneIn(8))) this.text += ',';
    });
    this.gap();
    this.text += close;
  }

  private block(shape: Shape, path: string, indent: number): void {
    for (const key of this.keysOf(shape, 6)) {
      this.between();
      const name = join(path, key);
      this.forget(name);
      this.text += `${' '.repeat(indent)}${this.key(key)}${this.oneIn(12) ? ' ' : ''}:`;
      const start = this.text.length;
      const end = this.blockValue(typeof shape === 'string' ? shape : (shape[key] ?? 'scalar'), name, indent);
      this.extents.set(name, { start, end: end ?? start });
    }
  }

  /** Writes to the end of the last line; the end of the value itself, undefined where it is empty. */
  private blockValue(shape: Shape, name: string, indent: number): number | undefined {
    if (this.oneIn(8)) {
      this.endLine();
      return undefined;
    }
    if (shape === 'scalar' && this.oneIn(10)) {
      const line = `${this.eol}${' '.repeat(indent + 3)}`;
      this.text += ` ${this.pick(['|', '|-', '>', '>-'])}${line}two${line}${lastLine}${this.eol}`;
      return this.text.length;
    }
    if (shape === 'scalar' || this.oneIn(4)) {
      this.text += this.pick([' ', ' ', '   ']);
      this.flow(shape, name);
      const end = this.text.length;
      this.endLine();
      return end;
    }
    this.endLine();
    return shape === 'list' ? this.items(indent) : this.below(shape, name, indent);
  }

  private items(indent: number): number {
    const dash = ' '.repeat(indent + this.pick([0, 2, 4]));
    let end: number;
    do {
      this.between();
      this.text += `${dash}- ${this.pick([...plain, ...quoted])}`;
      end = this.text.length;
      this.endLine();
    } while (this.oneIn(2));
    return end;
  }

  private below(shape: Shape, name: string, indent: number): number | undefined {
    this.block(shape, name, indent + this.pick([1, 2, 2, 3, 4]));
    const ends = [...this.extents].filter(([known]) => known.startsWith(`${name}.`)).map(([, one]) => one.end);
    return ends.length === 0 ? undefined : Math.max(...ends);
  }
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);
