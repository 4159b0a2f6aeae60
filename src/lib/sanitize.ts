/** Text that came from another machine, made safe for a terminal and a one-line message. */

// CSI, OSC/DCS/PM/APC with their terminators, and the two-byte escapes.
const ESCAPES =
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g;

// Bidirectional overrides and zero-width marks can make a line read as something else.
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff]+/gu;

/** One line without escape sequences and control characters, at most `max` characters (UTF-16 units). */
export function oneLine(text: string, max = 300): string {
  const plain = text.replace(ESCAPES, '').replace(CONTROLS, ' ').replace(/ {2,}/g, ' ').trim();
  return plain.length <= max ? plain : `${plain.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** As {@link oneLine}, but line feeds and tabs stay: for log excerpts of several lines. */
export function manyLines(text: string, max = 8192): string {
  const plain = text
    .replace(ESCAPES, '')
    .split('\n')
    .map((line) =>
      line
        .split('\t')
        .map((part) => part.replace(CONTROLS, ''))
        .join('\t'),
    )
    .join('\n');
  return plain.length <= max ? plain : `${plain.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
