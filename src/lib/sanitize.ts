/** Makes text from other machines safe for terminals and messages. */

// CSI, OSC/DCS/PM/APC with terminators, and two-byte escapes.
const ESCAPES =
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g;

// Invisible characters and bidirectional overrides can change how a line reads.
const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffe\uffff]+/gu;

/** One line without escape sequences and control characters, at most `max` characters (UTF-16 units). */
export function oneLine(text: string, max = 300): string {
  const plain = text.replace(ESCAPES, '').replace(CONTROLS, ' ').replace(/ {2,}/g, ' ').trim();
  return plain.length <= max ? plain : `${plain.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** Like {@link oneLine}, but keeps line feeds and tabs, for log excerpts. */
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
