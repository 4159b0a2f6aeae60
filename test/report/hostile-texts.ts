/** Texts that a node may send to break out of a document: each format must hold them as text. */
export const hostileTexts: readonly string[] = [
  '</script><script>alert(1)</script>',
  '<!--<script>',
  ']]><x/>',
  '"onload="alert(1)',
  "=cmd|' /C calc'!A0",
  '@SUM(1+1)',
  '| cell | `code` ``` <b>@everyone</b> https://evil.example',
  'a\\|b',
  '\u202Ereversed\u2066',
  'one\r\ntwo\u2028three',
  '\ud800lone\udc00\uffff',
  "'; DROP TABLE--",
  '{{7*7}}${7*7}',
  'password: hunter2hunter2',
];

export const canary = 'hunter2hunter2';
