/** Takes secrets out of text that a node's files or logs brought along. */

const secrets: readonly (readonly [RegExp, string])[] = [
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi, '$1***@'],
  [/\b(bearer|basic) +[\w.~+/=-]{16,}/gi, '$1 ***'],
  [
    /((?:password|passwd|secret|token|api[_-]?key)["']?[ \t]*[=:][ \t]*)(?!\*\*\*)(?:"[^"\n]*"|'[^'\n]*'|[^\s,"']+)/gi,
    '$1***',
  ],
  [/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g, '*** ($1)'],
];

/** The text with passwords in addresses, tokens, authorization headers and private keys as `***`. */
export const redact = (text: string): string =>
  secrets.reduce((known, [pattern, mask]) => known.replace(pattern, mask), text);
