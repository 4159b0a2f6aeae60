/** Splits a line of an Ansible INI inventory, or of SSH arguments, into words as a POSIX shell does, with comments. */
import { type Result, fail, ok } from '../lib/result.js';

/** `#` starts a comment where a word begins. Fails with a message if a quote is not closed. */
export function splitWords(text: string): Result<readonly string[], string> {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    const next = text[at + 1];
    if (quote === '' && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (quote === '' && char === '#' && word === undefined) break;
    else if (char === '\\' && quote !== "'" && next !== undefined && (quote === '' || /["\\]/.test(next))) {
      word = (word ?? '') + next;
      at += 1;
    } else if (quote === '' && (char === '"' || char === "'")) {
      quote = char;
      word ??= '';
    } else if (quote !== '' && char === quote) quote = '';
    else word = (word ?? '') + char;
  }
  if (quote !== '') return fail(`the quote ${quote} is not closed`);
  return ok(word === undefined ? words : [...words, word]);
}
