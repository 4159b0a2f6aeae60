/** Parses Kubernetes versions and version ranges. */

export interface KubeVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** The part after "-", such as `rc.1`. */
  readonly pre?: string | undefined;
  /** The part after "+", such as `k3s1`. */
  readonly build?: string | undefined;
}

/** Parses `v1.31.4+k3s1`, `1.30.0-rc.1` or `1.29`; undefined if the text is not a version. */
export function parseKubeVersion(text: string): KubeVersion | undefined {
  const match = /^v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.+-]+))?$/.exec(
    text.trim(),
  );
  if (match === null) return undefined;
  const [, major, minor, patch, pre, build] = match;
  return { major: Number(major), minor: Number(minor), patch: Number(patch ?? 0), pre, build };
}

type Operator = '>=' | '>' | '<=' | '<' | '=';

interface Bound {
  readonly operator: Operator;
  /** One to three numbers. Only these are compared, so `<=1.33` includes 1.33.9. */
  readonly numbers: readonly number[];
}

/** Parses a range whose bounds must all hold, such as `>=1.29 <1.34`; undefined if the text is not a range. */
export function parseKubeRange(text: string): readonly Bound[] | undefined {
  const words = text.trim().split(/\s+/);
  const bounds: Bound[] = [];
  for (const word of words) {
    const match = /^(>=|<=|>|<|=)?v?(\d{1,4}(?:\.\d{1,4}){0,2})$/.exec(word);
    if (match === null) return undefined;
    bounds.push({ operator: (match[1] ?? '=') as Operator, numbers: (match[2] ?? '').split('.').map(Number) });
  }
  return bounds;
}

/** True if a version is in a range. Release candidates count as their release. undefined if either text is invalid. */
export function satisfies(version: string, range: string): boolean | undefined {
  const parsed = parseKubeVersion(version);
  const bounds = parseKubeRange(range);
  if (parsed === undefined || bounds === undefined) return undefined;
  return bounds.every((bound) => holds(parsed, bound));
}

function holds(version: KubeVersion, { operator, numbers }: Bound): boolean {
  const order = compare([version.major, version.minor, version.patch], numbers);
  switch (operator) {
    case '>=':
      return order >= 0;
    case '>':
      return order > 0;
    case '<=':
      return order <= 0;
    case '<':
      return order < 0;
    case '=':
      return order === 0;
  }
}

function compare(left: readonly number[], right: readonly number[]): number {
  for (const [i, number] of right.entries()) {
    const difference = (left[i] ?? 0) - number;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Sorts versions, the oldest first; what is no version comes before all. */
export function byVersion(left: string, right: string): number {
  const [one, other] = [parseKubeVersion(left), parseKubeVersion(right)];
  if (one === undefined || other === undefined) return Number(one !== undefined) - Number(other !== undefined);
  return compare([one.major, one.minor, one.patch], [other.major, other.minor, other.patch]);
}
