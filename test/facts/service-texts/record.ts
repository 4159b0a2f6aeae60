/** What a node told of many services and did with them, as lines of JSON that tests read where there is no such node. */
import type { FileFact, NodeFacts } from '../../../src/facts/node-facts.js';
import { factsOf, fileOf, unitOf } from '../../nodes/facts-of.js';
import type { Started } from './verdict.js';

export interface RecordedNode {
  readonly systemd: number;
  readonly hostname: string;
  readonly bootId: string;
  readonly managerVariables: readonly string[];
}

export interface RecordedService {
  readonly name: string;
  readonly unit: string;
  readonly names: readonly string[];
  readonly fragmentPath: string;
  readonly dropInPaths: readonly string[];
  /** The text of each file, or what the path is instead. */
  readonly files: Readonly<Record<string, { readonly text: string } | 'absent' | 'folder' | 'unreadable' | 'mask'>>;
  readonly globs?: Readonly<Record<string, readonly string[]>>;
  readonly started: Started | 'not started';
}

/** Its first line is the node, each further one a service. */
export function recordOf(
  facts: NodeFacts,
  services: readonly { readonly name: string; readonly unit: string }[],
  started: ReadonlyMap<string, Started>,
): string {
  const { systemd, hostname, bootId, managerVariables } = facts;
  const lines = services.map(({ name, unit }, index): RecordedService => {
    const own = /kt-\d+/.exec(unit)?.[0] ?? '';
    const { name: id = '', names = [], fragmentPath = '', dropInPaths = [] } = facts.units[index] ?? {};
    const files = [...facts.files.values()].filter(({ path }) => path.includes(own));
    const globs = [...(facts.globs ?? [])].filter(([pattern]) => pattern.includes(own));
    return {
      ...{ name, unit: id, names, fragmentPath, dropInPaths },
      files: Object.fromEntries(files.map((file) => [file.path, stateOf(file)])),
      ...(globs.length === 0 ? {} : { globs: Object.fromEntries(globs) }),
      started: started.get(id) ?? 'not started',
    };
  });
  const all = [{ systemd, hostname, bootId, managerVariables }, ...lines];
  return `[\n${all.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`;
}

function stateOf(file: FileFact): RecordedService['files'][string] {
  if (file.kind === 'absent' || file.kind === 'folder') return file.kind;
  if (file.kind === 'other' && file.linkTarget === '/dev/null') return 'mask';
  return file.kind === 'file' && file.content !== undefined ? { text: file.content.toString('utf8') } : 'unreadable';
}

export function factsOfRecorded(node: RecordedNode, recorded: RecordedService): NodeFacts {
  const { unit, names, fragmentPath, dropInPaths, files, globs = {} } = recorded;
  const known = Object.entries(files).map(([path, state]): [string, FileFact] => {
    if (state === 'absent') return [path, { kind: 'absent', path }];
    if (state === 'mask') return [path, fileOf(path, '', { kind: 'other', linkTarget: '/dev/null' })];
    if (state === 'unreadable') return [path, { kind: 'unreadable', path, reason: '' }];
    return [path, state === 'folder' ? fileOf(path, '', { kind: 'folder' }) : fileOf(path, state.text)];
  });
  return factsOf(
    {},
    {
      ...node,
      units: [unitOf({ name: unit, names, fragmentPath, dropInPaths })],
      files: new Map(known),
      globs: new Map(Object.entries(globs)),
    },
  );
}
