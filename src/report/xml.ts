/** XML as text: elements, attributes and escaping. */
import { type SafeText, joinSafe, safeField, safeForm, safeText } from '../lib/output.js';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\n': '&#10;',
};

/** Escaped for text and for attributes. What XML 1.0 does not allow becomes U+FFFD. */
export const xmlText = (text: string): SafeText =>
  safeField(text, (plain) =>
    plain
      .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
      .replace(/[&<>"'\n]/g, (char) => entities[char] ?? ''),
  );

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Names of elements and attributes are the program's own. */
export function element(name: string, attributes: Attributes, content: readonly SafeText[] = []): SafeText {
  const own = safeText(name);
  const given = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [safeForm` ${safeText(key)}="${xmlText(String(value))}"`],
  );
  const start = safeForm`<${own}${joinSafe(given)}`;
  return content.length === 0 ? safeForm`${start}/>` : safeForm`${start}>${joinSafe(content)}</${own}>`;
}
