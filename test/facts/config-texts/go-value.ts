/** Reads what a kubelet says of its configuration in its log: Go's `%#v` of older versions, the JSON of newer ones. */
import type { Value } from '../../../src/facts/value.js';

/** With Go's names of fields; undefined where the log does not hold it (the kubelet ended before). */
export function loggedConfiguration(log: string): Value | undefined {
  const json = /"KubeletConfiguration" configuration=<\n([\s\S]*?)\n >/.exec(log)?.[1];
  if (json !== undefined) return JSON.parse(json) as Value;
  const go = /KubeletConfiguration: (config\.KubeletConfiguration\{.*)/.exec(log)?.[1];
  return go === undefined ? undefined : new GoReader(go).value();
}

/** `pkg.Type{Name:value}`, `map[string]string{"a":"b"}`, `[]string{"a"}`, `T(nil)`, `(*T)(0x1)`, texts, numbers, booleans. */
class GoReader {
  private at = 0;

  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  value(): Value {
    const quoted = this.take(/"(?:[^"\\]|\\.)*"/y);
    if (quoted !== undefined) return JSON.parse(quoted.replace(/\\x(..)/g, '\\u00$1')) as string;
    if (this.take(/\(\*[\w.]+\)\((?:0x[0-9a-f]+|nil)\)/y) !== undefined) return null;
    const type = this.take(/(?:map\[string\]|\[\])*[A-Za-z_][\w.]*(?=[({])/y);
    if (type === undefined) return JSON.parse(this.take(/[^,}]+/y) ?? 'null') as Value;
    if (this.take(/\(nil\)/y) !== undefined) return type.startsWith('[]') ? [] : {};
    return type.startsWith('[]') ? this.items() : this.pairs();
  }

  private items(): Value {
    const found: Value[] = [];
    this.take(/\{/y);
    while (this.take(/\}/y) === undefined) {
      found.push(this.value());
      this.take(/, /y);
    }
    return found;
  }

  private pairs(): Value {
    const found: Record<string, Value> = {};
    this.take(/\{/y);
    while (this.take(/\}/y) === undefined) {
      const key = this.take(/"(?:[^"\\]|\\.)*"|\w+/y) ?? '';
      this.take(/:/y);
      found[key.replaceAll('"', '')] = this.value();
      this.take(/, /y);
    }
    return found;
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at = pattern.lastIndex;
    else if (this.at >= this.text.length) throw new Error('the value does not end');
    return found;
  }
}
