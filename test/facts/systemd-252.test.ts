import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { serviceCommand } from '../../src/facts/command-line.js';

/** What a program got from systemd 252 (Debian 12), for random units and environment files: recorded, not written by hand. */
interface Recorded {
  readonly unit: string;
  readonly environment?: string;
  readonly arguments: readonly string[];
}

const recorded = JSON.parse(readFileSync(new URL('systemd-252.json', import.meta.url), 'utf8')) as readonly Recorded[];

describe('serviceCommand gives the arguments that systemd gave', () => {
  it('has enough of them to mean something', () => {
    expect(recorded.length).toBeGreaterThan(200);
  });

  it.each(recorded.map((one, index) => [index, one] as const))('case %i', (_, one) => {
    const files: Readonly<Record<string, string | undefined>> = { '/unit': one.unit, '/env': one.environment };
    const found = serviceCommand(['/unit'], (path) => files[path]);
    expect(found.arguments.slice(1).map(({ text }) => text)).toEqual(one.arguments);
  });
});
