/** Loaded before the tool with --import: its wall clock is off by as many milliseconds as the file LAB_CLOCK says, from then on. */
import { readFileSync } from 'node:fs';

const file = process.env['LAB_CLOCK'] ?? '';
const Real = Date;
const now = Real.now.bind(Real);

function offset(): number {
  try {
    return Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    return 0;
  }
}

globalThis.Date = new Proxy(Real, {
  construct: (target, given: unknown[]) =>
    Reflect.construct(target, given.length === 0 ? [now() + offset()] : given) as object,
  apply: () => new Real(now() + offset()).toString(),
  get: (target, name): unknown => (name === 'now' ? () => now() + offset() : Reflect.get(target, name)),
});
