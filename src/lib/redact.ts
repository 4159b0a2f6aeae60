/** Masks secrets in text from nodes. Each step runs in linear time. */

/** Endings of secret names. Short endings count only as whole words: `auth` does, `oauth` does not. */
const secretName = String.raw`(?:password|passwd|passphrase|secret|token|join[_-]?key|(?:api|access|secret|private|encryption|signing|account|master|shared)[_-]?key|client-key-data|vpn-auth|(?<![a-z])(?:pass|pwd|credentials?)|(?<![a-z-])_?auth|(?<=[_-])(?:pat|psk)|[?&]sig)[_-]?\d{0,3}`;

/** Excludes masked values, booleans, null, and this program's own messages about unknown keys. */
const value = String.raw`(?!\*\*\*|(?:true|false|null|none|unknown key)\b)`;
const quoted = String.raw`"[^"\n]*"?|'[^'\n]*'?`;

/** Formats that are secrets in any context. */
const forms: readonly string[] = [
  String.raw`(?<![\w-])eyJ[\w-]{8,}\.[\w-]{2,}(?:\.[\w-]*)?`,
  String.raw`\bK10[0-9a-f]{16,128}::[^\s"']+`,
  String.raw`\bgh[pousr]_[A-Za-z0-9]{20,}`,
  String.raw`\bgithub_pat_\w{20,}`,
  String.raw`\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat)-[\w-]{16,}`,
  String.raw`\bxox[abeoprs]-[\w-]{10,}`,
  String.raw`\bxapp-\d-[\w-]{10,}`,
  String.raw`(?<=hooks\.slack\.com\/services\/)[^\s"'*]+`,
  String.raw`\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b`,
  String.raw`\bAIza[\w-]{35}`,
  String.raw`\bya29\.[\w-]{20,}`,
  String.raw`\bGOCSPX-[\w-]{20,}`,
  String.raw`\b[sr]k_(?:live|test)_\w{16,}`,
  String.raw`\bsk-[\w-]{20,}`,
  String.raw`\bSG\.[\w-]{16,}\.[\w-]{16,}`,
  String.raw`\bnpm_[A-Za-z0-9]{30,}`,
  String.raw`\bpypi-[\w-]{30,}`,
  String.raw`\bhf_[A-Za-z0-9]{30,}`,
  String.raw`\bhv[sbr]\.[\w-]{20,}`,
  String.raw`\bdo[opr]_v1_[a-f0-9]{40,}`,
  String.raw`\bdckr_pat_[\w-]{20,}`,
  String.raw`\btskey-[\w-]{10,}`,
  String.raw`\bAGE-SECRET-KEY-1[0-9A-Z]{40,}`,
  String.raw`\$(?:2[abxy]|[156y]|gy|apr1|argon2id?)\$[\w.\/$=,+-]{20,}`,
  // A kubeadm bootstrap token. A host name of this shape rarely has a digit in the second part.
  String.raw`(?<![\w.-])[a-z0-9]{6}\.(?=[a-z]{0,15}\d)[a-z0-9]{16}(?![\w-]|\.\w)`,
];

const secrets: readonly (readonly [RegExp, string])[] = [
  [
    /-----BEGIN ([A-Z ]{0,40}PRIVATE KEY)(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
    '*** ($1)',
  ],
  [/\b(bearer|basic) {1,8}[\w.~+/=-]{16,}/gi, '$1 ***'],
  [
    /\b(authorization[^\n]{0,8}?\b(?:basic|bearer|digest|token|apikey|negotiate))[ \t]{1,8}(?!\*\*\*)[^\s"']+/gi,
    '$1 ***',
  ],
  [new RegExp(forms.join('|'), 'g'), '***'],
  // A YAML line, perhaps quoted in a message. Its value may contain spaces.
  [
    new RegExp(
      String.raw`((?:^[ \t+-]{0,64}|(?<=[:;] ))["']?[\w.-]{0,64}?${secretName}["']?[ \t]{0,8}:[ \t]{1,8})${value}[^\s{[|>][^\n]*`,
      'gim',
    ),
    '$1***',
  ],
  [new RegExp(String.raw`(${secretName}["']?[ \t]{0,8}[=:][ \t]{0,8})${value}(?:${quoted}|[^\s"']+)`, 'gi'), '$1***'],
  [
    new RegExp(String.raw`(?<![\w-])(--?[\w-]{0,64}?${secretName}[ \t]{1,8})(?!-)${value}(?:${quoted}|[^\s"']+)`, 'gi'),
    '$1***',
  ],
];

/** Masks the user part of `scheme://user:password@host`. A password may contain `/` and `@`; a path may contain `@`. */
function withoutUser(word: string): string {
  const start = word.indexOf('://') + 3;
  const end = word.lastIndexOf('@');
  if (start < 3 || end <= start || word.startsWith('@sha256:', end)) return word;
  const user = word.slice(start, end);
  const isPath = user.includes('/') && !user.includes(':');
  return isPath ? word : `${word.slice(0, start)}***${word.slice(end)}`;
}

/** A line from the middle of a key. Checksums have no capitals, and paths rarely do. */
const keyLine = /(?<![A-Za-z0-9+/=])([+-]?)([A-Za-z0-9+/]{64})(?![A-Za-z0-9+/=])/g;
const withoutKeyLine = (line: string, sign: string, text: string): string =>
  /[A-Z]/.test(text) && /[a-z]/.test(text) && /\d/.test(text) ? `${sign}***` : line;

/** Short texts that hold no secret: most texts of a result come with each host. */
const harmless = new Set<string>();
const mostHarmless = 4_000;
const longestHarmless = 400;

/** Replaces passwords in URLs, tokens, authorization headers and private keys by `***`. */
export function redact(text: string): string {
  if (harmless.has(text)) return text;
  const masked = masking(text);
  if (masked === text && text.length <= longestHarmless) {
    if (harmless.size >= mostHarmless) harmless.clear();
    harmless.add(text);
  }
  return masked;
}

function masking(text: string): string {
  const known = text.includes('://') ? text.replace(/[^\s"'<>]+/g, withoutUser) : text;
  const masked = secrets.reduce((left, [pattern, mask]) => left.replace(pattern, mask), known);
  return masked.replace(keyLine, withoutKeyLine);
}

const isSecretName = new RegExp(`${secretName}$`, 'i');

/** Redacts every string of a JSON value, and masks every string whose key is the name of a secret. Objects that stand in several places are made once. */
export function redactTree(tree: unknown): unknown {
  const made = new Map<object, unknown>();
  const redacted = (value: unknown, name: string): unknown => {
    if (typeof value === 'string') return isSecretName.test(name.slice(-80)) && value !== '' ? '***' : redact(value);
    if (Array.isArray(value)) return value.map((one) => redacted(one, name));
    if (typeof value !== 'object' || value === null) return value;
    const known = made.get(value) ?? objectOf(value);
    made.set(value, known);
    return known;
  };
  const objectOf = (value: object): unknown =>
    Object.fromEntries(
      Object.entries(value).flatMap(([key, one]) => (one === undefined ? [] : [[redact(key), redacted(one, key)]])),
    );
  return redacted(tree, '');
}
