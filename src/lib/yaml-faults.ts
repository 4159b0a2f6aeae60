/** Mistakes that the YAML library accepts: duplicate keys, and aliases without an anchor, inside their anchor, or too many. */
import { type Alias, type Document, isMap, isScalar, isSeq, visit } from 'yaml';

/** Aliases per file; more suggest an attack. */
const maxAliases = 100;

export interface YamlFault {
  readonly message: string;
  /** Characters from the start of the text. */
  readonly at: number;
}

/** Set `refuseProto` for files whose names become keys of JavaScript objects. */
export const yamlFaults = (document: Document.Parsed, refuseProto: boolean): readonly YamlFault[] => [
  ...keyFaults(document, refuseProto),
  ...aliasFaults(document),
];

/** One walk for all aliases, because resolving each one would search the document from the start. */
function aliasFaults(document: Document.Parsed): readonly YamlFault[] {
  const anchors = new Set<string>();
  const faults: YamlFault[] = [];
  let count = 0;
  visit(document, {
    Value: (_, { anchor }) => {
      if (anchor !== undefined) anchors.add(anchor);
    },
    Alias: (_, alias, parents) => {
      count += 1;
      const at = alias.range?.[0] ?? 0;
      if (count > maxAliases) {
        faults.push({ message: `more than ${maxAliases} aliases (*name) in one file: write out the values`, at });
        return visit.BREAK;
      }
      if (!anchors.has(alias.source)) faults.push({ message: 'this alias has no anchor above it', at });
      if (isWithin(alias, parents)) faults.push({ message: 'this alias is inside its own anchor', at });
      return undefined;
    },
  });
  return faults;
}

const isWithin = ({ source }: Alias, parents: readonly unknown[]): boolean =>
  parents.some((one) => (isMap(one) || isSeq(one)) && one.anchor === source);

/** Duplicate keys, and with `refuseProto` the key `__proto__`, which JavaScript treats specially. */
function keyFaults(document: Document.Parsed, refuseProto: boolean): readonly YamlFault[] {
  const faults: YamlFault[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const at = key.range?.[0] ?? 0;
        if (seen.has(key.value) && key.value !== '<<')
          faults.push({
            message: `the key ${JSON.stringify(String(key.value))} is a duplicate in the same mapping`,
            at,
          });
        if (refuseProto && key.value === '__proto__')
          faults.push({ message: '"__proto__" cannot be a name or a key', at });
        seen.add(key.value);
      }
    },
  });
  return faults;
}
