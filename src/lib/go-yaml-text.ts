/** Finds text that Go's YAML parser rejects and other parsers accept. */

/** Offsets in a text. */
export type Span = readonly [start: number, end: number];

export interface TextFault {
  readonly offset: number;
  readonly message: string;
}

/** The first fault in the characters of a text; undefined if there is none. */
export function textFault(text: string): TextFault | undefined {
  const control = text.search(/[^\t\n\r -~\u0085\u00a0-\ufefe\uff00-\ufffd]/);
  if (control >= 0) return { offset: control, message: 'not valid YAML: it contains a control character' };
  const hidden = text.search(/[\u0085\u2028\u2029]/);
  if (hidden >= 0) return { offset: hidden, message: 'it contains a Unicode line break, which editors may not show' };
  for (const { index, 0: line } of text.matchAll(/^.*$/gm)) {
    if (/^\s*(#|$)/.test(line)) continue;
    const isEnd = /^\.\.\.(\s|$)/.test(line);
    return isEnd ? { offset: index, message: 'not valid YAML: a document ends before it starts' } : undefined;
  }
  return undefined;
}

/** Finds directives or tabs in a text without a document. */
export function strayContent(text: string): TextFault | undefined {
  const offset = text.search(/^(%| *\t)/m);
  return offset < 0 ? undefined : { offset, message: 'not valid YAML: no document starts here' };
}

/**
 * Finds a tab that indents a line or follows a dash.
 * @param spans scalars and flow collections, where tabs are allowed: in text order, not nested
 */
export function tabFault(text: string, spans: readonly Span[], end: number): TextFault | undefined {
  let at = 0;
  for (const match of text.slice(0, end).matchAll(/^ *(?:- +)*-?\t/gm)) {
    const tab = match.index + match[0].length - 1;
    while ((spans[at]?.[1] ?? Infinity) <= tab) at += 1;
    if (tab < (spans[at]?.[0] ?? Infinity))
      return { offset: tab, message: 'not valid YAML: a tab is used for indentation' };
  }
  return undefined;
}
