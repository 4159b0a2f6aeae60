/** Reads plain YAML scalars like gopkg.in/yaml.v2 and prints the values like Go's fmt. */

/** `text` is a string, `value` is a number or a boolean, `nothing` is null. */
export interface GoScalar {
  readonly kind: 'text' | 'value' | 'nothing';
  readonly text: string;
}

const text = (source: string): GoScalar => ({ kind: 'text', text: source });
const value = (printed: string): GoScalar => ({ kind: 'value', text: printed });

const words = new Map<string, GoScalar>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(
    (word) => [word, value('true')] as const,
  ),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (word) => [word, value('false')] as const,
  ),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, { kind: 'nothing', text: '' }] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, value('NaN')] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word) => [word, value('+Inf')] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, value('-Inf')] as const),
]);

const lowest = -(2n ** 63n);
const highest = 2n ** 64n - 1n;
/** Longer numbers are read as strings, because they would take long to parse. */
const maxDigits = 400;

/** Follows resolve.go of yaml.v2: YAML 1.1 without base 60; dates stay strings. */
export function goScalar(source: string): GoScalar {
  const known = words.get(source);
  if (known !== undefined) return known;
  if (!/^[-+.\d]/.test(source) || source.length > maxDigits) return text(source);
  const plain = source.startsWith('.') ? source : source.replaceAll('_', '');
  const whole = source.startsWith('.') ? undefined : integer(plain);
  if (whole !== undefined) return value(String(whole));
  const number = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/.test(plain) ? Number(plain) : NaN;
  return Number.isFinite(number) ? value(printFloat(number)) : text(source);
}

/** Parses like strconv.ParseInt with base 0: `0x`, `0o`, `0b`, and `0` before octal digits. */
function integer(plain: string): bigint | undefined {
  const [, sign = '', digits = ''] = /^([-+]?)(0[xX][\da-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9]\d*)$/.exec(plain) ?? [];
  if (digits === '') return undefined;
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  const amount = BigInt(octal.toLowerCase());
  const signed = sign === '-' ? -amount : amount;
  // Above int64, yaml.v2 accepts uint64, but only without a sign.
  return signed < lowest || signed > highest || (sign === '+' && signed >= 2n ** 63n) ? undefined : signed;
}

/** Prints a float64 like fmt: shortest digits, with an exponent from 1e6 and below 1e-4. */
function printFloat(number: number): string {
  if (number === 0) return Object.is(number, -0) ? '-0' : '0';
  const [mantissa = '', exponent = ''] = number.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(number);
  return `${mantissa}e${exponent.charAt(0)}${exponent.slice(1).padStart(2, '0')}`;
}
