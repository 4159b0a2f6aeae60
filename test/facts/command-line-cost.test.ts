/** Reading a unit takes little time, whatever its files hold. */
import { expect, it } from 'vitest';
import { serviceCommand } from '../../src/facts/command-line.js';

const unit = '/lib/systemd/system/kubelet.service';

it('reads long and hostile texts in a moment', () => {
  const half = 40_000;
  const hostile = [
    'a\n'.repeat(half),
    '\\\n'.repeat(half),
    '"'.repeat(2 * half),
    ' '.repeat(2 * half) + 'x=1',
    'A=1 '.repeat(half / 2),
    '$A ${A} '.repeat(half / 4),
    '# \\\n'.repeat(half / 2),
    '%'.repeat(2 * half),
    '; '.repeat(half),
    '[Service]\nEnvironment=A=1\n'.repeat(half / 10),
  ];
  const began = process.cpuUsage();
  for (const text of hostile) {
    for (const head of ['', '[Service]\nExecStart=/k ', '[Service]\nEnvironment=']) {
      const own = `${head}${text}\n[Service]\nEnvironmentFile=/etc/e\nExecStart=/k $A $B\n`;
      const files: Readonly<Record<string, string>> = { [unit]: own, '/etc/e': text };
      const stateOf = (path: string) => (files[path] === undefined ? 'absent' : 'unread');
      const found = serviceCommand([unit], (path) => files[path], { stateOf, unit: 'kubelet.service' });
      expect(found.hidden.length).toBeGreaterThanOrEqual(0);
    }
  }
  // Its own time: the machine may be busy.
  expect(process.cpuUsage(began).user / 1000).toBeLessThan(8_000);
});
