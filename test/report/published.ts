/** What the package publishes of the JSON results: a schema for each kind and docs/json.md, made of src/report's schemas. */
import { z } from 'zod';
import { hookFacts } from '../../src/report/hook-schema.js';
import { lineSchema } from '../../src/report/line-schema.js';
import { resultSchemas } from '../../src/report/schema.js';
import { formatted } from '../formatted.js';

export interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
}

const jsonSchema = (schema: z.ZodType): Schema => z.toJSONSchema(schema, { io: 'input', reused: 'inline' }) as Schema;

const schemas: Readonly<Record<string, Schema>> = {
  ...Object.fromEntries(Object.entries(resultSchemas).map(([kind, schema]) => [kind, jsonSchema(schema)])),
  'ndjson-line': jsonSchema(lineSchema),
  'hook-facts': jsonSchema(hookFacts),
};

/** Content by the name of the file in schemas/. */
export async function schemaFiles(): Promise<Readonly<Record<string, string>>> {
  const files = Object.entries(schemas).map(async ([name, schema]) => {
    const { $schema, ...rest } = schema as { readonly $schema: string };
    const whole = { $schema, title: `kubelatch ${name}`, ...rest };
    return [`${name}.json`, await formatted(`${name}.json`, JSON.stringify(whole))] as const;
  });
  return Object.fromEntries(await Promise.all(files));
}

interface Row {
  readonly path: string;
  readonly type: string;
  readonly optional: boolean;
  readonly description: string;
}

/** Every key below a schema, with its path. */
function rowsOf(schema: Schema, path = ''): Row[] {
  if (schema.anyOf !== undefined) {
    const branches = schema.anyOf.filter(({ type }) => type !== 'null').map((branch) => rowsOf(branch, path));
    const all = new Map(branches.flat().map((row) => [row.path, row]));
    return [...all.values()].map((row) => ({
      ...row,
      optional: row.optional || !branches.every((rows) => rows.some((one) => one.path === row.path)),
    }));
  }
  if (schema.items !== undefined) return rowsOf(schema.items, `${path}[]`);
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const at = path === '' ? key : `${path}.${key}`;
    const optional = schema.required?.includes(key) !== true;
    return [{ path: at, type: typeOf(value), optional, description: value.description ?? '' }, ...rowsOf(value, at)];
  });
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((one) => `\`${String(one)}\``).join(', ');
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeOf))].join(' or ');
  if (schema.type === 'array') return schema.items?.type === undefined ? 'list' : `list of ${typeOf(schema.items)}s`;
  if (typeof schema.additionalProperties === 'object') return `object of ${typeOf(schema.additionalProperties)}s`;
  if (schema.type === undefined) return 'any value';
  return typeof schema.type === 'string' ? schema.type : schema.type.join(' or ');
}

const tableOf = (rows: readonly Row[]): string =>
  [
    '| Key | Type | Meaning |',
    '| --- | --- | --- |',
    ...rows.map(
      ({ path, type, optional, description }) =>
        `| \`${path}\` | ${type}${optional ? ', optional' : ''} | ${description} |`,
    ),
  ].join('\n');

/** Kinds that share a section come together; `like`: keys that another section has already are left out. */
const sections: readonly { readonly title: string; readonly kinds: readonly string[]; readonly like?: string }[] = [
  { title: '`audit`', kinds: ['audit'] },
  { title: '`plan`', kinds: ['plan'], like: 'audit' },
  { title: '`apply`, `rollback` and `resume`', kinds: ['apply', 'rollback', 'resume'] },
  { title: '`uninstall`', kinds: ['uninstall'] },
  { title: '`inventory`', kinds: ['inventory'] },
  { title: '`inventory check`', kinds: ['inventory-check'] },
  { title: '`runs list`', kinds: ['runs'] },
  { title: '`runs show`', kinds: ['run'] },
  { title: '`runs backups`', kinds: ['backups'] },
  { title: '`csr list`', kinds: ['csr-list'] },
  { title: '`csr approve`', kinds: ['csr-approve'], like: 'csr-list' },
  { title: '`csr watch`', kinds: ['csr-watch'], like: 'csr-list' },
  { title: '`netpol` and `netpol remove`', kinds: ['netpol'] },
  { title: '`persist`', kinds: ['persist'] },
  { title: '`explain`', kinds: ['rule'] },
  { title: '`rules`', kinds: ['rules'] },
];

function sectionText({ title, kinds, like }: (typeof sections)[number]): string {
  const [schema = {}] = kinds.map((kind) => schemas[kind]);
  const known = new Set(like === undefined ? [] : rowsOf(schemas[like] ?? {}).map((row) => JSON.stringify(row)));
  const rows = rowsOf(schema).filter(
    (row) => !known.has(JSON.stringify(row)) && (row.path !== 'kind' || kinds[1] === undefined),
  );
  const files = kinds.map((kind) => `[schemas/${kind}.json](../schemas/${kind}.json)`).join(', ');
  const most = like === 'audit' ? `, except \`summary\`, and` : ' but';
  const lead = like === undefined ? '' : `It has the keys of \`${like.replace('-', ' ')}\`${most} these:\n\n`;
  const kind =
    kinds[1] === undefined
      ? ''
      : `\`kind\` is the name of the verb. A \`resume\` that finds no run to finish has \`run: null\` and no hosts.\n\n`;
  return `### ${title}\n\n${files}\n\n${kind}${lead}${tableOf(rows)}`;
}

const listed = [
  'host-result',
  'inventory-host',
  'host-check',
  'host-backups',
  'certificate-request',
  'run',
  'run-host',
  'summary',
];
const eventOf = (schema: Schema): string => String(schema.properties?.['event']?.const);

function linesText(): string {
  const lines = schemas['ndjson-line']?.anyOf ?? [];
  const [first = {}] = lines;
  const head = rowsOf(first).filter(({ path }) => path !== 'event');
  const events = lines.filter((one) => !listed.includes(eventOf(one)));
  const rows = events.map((one) => {
    const keys = rowsOf(one).filter(({ path }) => !['time', 'run', 'host', 'event'].includes(path));
    return `| \`${eventOf(one)}\` | ${one.description ?? ''} | ${keys.map(({ path }) => `\`${path}\``).join(', ')} |`;
  });
  const results = lines.filter((one) => listed.includes(eventOf(one)) && eventOf(one) !== 'summary');
  return `[schemas/ndjson-line.json](../schemas/ndjson-line.json)

Each line is one object. All lines have these keys:

${tableOf(head.map((row) => (row.path === 'host' ? { ...row, type: 'string or null', description: 'Name of the host; null for what concerns all of them' } : row)))}

\`event\` says what the line tells. While a verb works:

| Event | Meaning | Keys |
| --- | --- | --- |
${rows.join('\n')}

At the end comes the result:

| Event | Meaning |
| --- | --- |
${results.map((one) => `| \`${eventOf(one)}\` | ${one.description ?? ''}, with the keys above |`).join('\n')}
| \`summary\` | The last line: all of the result but its hosts or runs |

In a line \`run\` is the id alone. A \`summary\` and a \`run\` line have the rest of the run object as \`runKind\`, \`of\` and
\`plan\`.`;
}

export const jsonDocument = (): Promise<string> =>
  formatted(
    'json.md',
    `<!-- Written by npm run schemas from src/report: do not edit. -->

# JSON results

\`-o json\` prints one document, \`-o ndjson\` prints a line for each event and then the result. Use them in scripts: the texts
for people may change with any version.

- \`schemaVersion\` is 1. A later version may add keys; it does not rename or remove any without a new \`schemaVersion\`.
  Ignore keys that you do not know.
- A key that is optional is left out where there is nothing to say. A key that is null is not known, or there is none.
- Times are ISO 8601 in UTC. Keys that end in \`Ms\` hold milliseconds.
- \`host\` is always the name of a host in the inventory, \`nodeName\` the name of its Node object.
- Secrets are replaced by \`***\`, and so are values of settings that kubelatch does not know, unless you add \`--show-values\`.
- A finding has a \`fingerprint\`. It stays the same from one audit to the next as long as host, rule and setting do, whatever
  the wording or the line of the file.

The schemas are JSON Schema, draft 2020-12. They are in the package, under \`schemas/\`.

## Documents

${sections.map(sectionText).join('\n\n')}

## Lines

${linesText()}

## Hooks

[schemas/hook-facts.json](../schemas/hook-facts.json)

A [hook](windows-and-hooks.md) reads one object on its stdin:

${tableOf(rowsOf(schemas['hook-facts'] ?? {}))}
`,
  );
