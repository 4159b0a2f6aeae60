import { expect, it } from 'vitest';
import { postureText } from '../../src/report/posture-text.js';
import { plainStyle } from '../../src/report/style.js';
import { widthOf } from '../../src/report/layout.js';
import { createStyle } from '../../src/terminal/style.js';
import { auditResult, finding, hostAudit, manual, unreachable } from './samples.js';

const passing = (rule: string) => finding({ rule, status: 'pass', got: false });
const shown = (hosts: Parameters<typeof auditResult>[0], width = 80): string =>
  postureText(auditResult(hosts), { width, style: plainStyle });
const range = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => `node${String(from + at).padStart(2, '0')}`);

const fleet = [
  ...range(1, 31).map((name) =>
    hostAudit(name, { findings: [finding(), passing('read-only-port'), manual('firewall')] }),
  ),
  hostAudit('cp1', { findings: [finding(), finding({ rule: 'read-only-port' }), manual('firewall')] }),
  hostAudit('edge1', {
    findings: [
      finding({ rule: 'tls-min-version', severity: 'low' }),
      finding({ rule: 'read-only-port', status: 'unknown', got: undefined }),
      passing('anonymous-auth'),
    ],
  }),
  unreachable('n9'),
];

it('shows hosts by rules, the worst first, equal hosts in one row', () => {
  expect(shown(fleet)).toBe(
    `Posture of 33 hosts: 3 rules to look at, 1 to check by hand

HOST              1  2  3
cp1               x  x
node[01:31] (31)  x  .
edge1             .  ?  x

x fails, ? unknown, . passes, - does not apply

1  anonymous-auth  critical, fails on 32 hosts
2  read-only-port  critical, fails on 1 host, unknown on 1 host
3  tls-min-version  low, fails on 1 host

! 1 host unreachable: n9
`,
  );
});

it.each([40, 80, 120])('fits %i columns, however many rules and however long the names', (width) => {
  const rules = Array.from({ length: 45 }, (_, at) => `rule-with-a-long-name-${at}`);
  const hosts = ['a'.repeat(60), 'b1', 'b2', 'c'].map((name, at) =>
    hostAudit(name, { findings: rules.slice(at).map((rule) => finding({ rule })) }),
  );
  const lines = shown(hosts, width).split('\n');
  expect(lines.filter((one) => widthOf(one) > width)).toEqual([]);
  for (const rule of rules) expect(lines.some((one) => one.includes(rule))).toBe(true);
  // No rule without a column, and none twice.
  const numbers = lines.filter((one) => one.startsWith('HOST')).flatMap((one) => one.slice(4).trim().split(/ +/));
  expect(numbers).toEqual(rules.map((_, at) => String(at + 1)));
});

it('shows 3,000 hosts on one screen', () => {
  const many = Array.from({ length: 3000 }, (_, at) =>
    hostAudit(`n${at}`, {
      findings: Array.from({ length: 12 }, (_each, rule) =>
        finding({ rule: `r${rule}`, status: ((at >> rule) & 1) === 1 ? 'fail' : 'pass' }),
      ),
    }),
  );
  const lines = shown(many).split('\n');
  expect(lines.length).toBeLessThan(45);
  expect(lines.find((one) => one.startsWith('and '))).toMatch(/^and \d+ more hosts on which less fails: n/);
});

it('has nothing to show where no rule fails, and does not call hosts fine that were not read', () => {
  expect(shown([hostAudit('n1', { findings: [passing('anonymous-auth')] }), unreachable('n2')])).toBe(
    'Posture of 1 host: no rule fails, 1 passes wherever judged\n\n! 1 host unreachable: n2\n',
  );
});

it('is as wide with colour as without, and lets no escape of a name through', () => {
  const hosts = [hostAudit('n1\u001b[2J', { findings: [finding({ rule: 'x\u001b[31m' })] })];
  const text = postureText(auditResult(hosts), { width: 40, style: createStyle(true) });
  expect(text).not.toContain('\u001b[2J');
  expect(text.replace(/\u001b\[\d+m/g, '')).toBe(shown(hosts, 40));
});
