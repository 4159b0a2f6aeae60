/** What kubelatch makes of units, drop-ins and environment files is what the systemd of a node makes of them, or is told as unclear. */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NodeFacts, UnitFact } from '../../src/facts/node-facts.js';
import { unitCommand } from '../../src/facts/unit-command.js';
import { attachLab } from '../lab/lab.js';
import { pickedServices } from '../facts/service-texts/picked.js';
import { randomServices } from '../facts/service-texts/random.js';
import { recordOf } from '../facts/service-texts/record.js';
import { type Started, verdictOn } from '../facts/service-texts/verdict.js';
import { factsOf, install, placed, remove, start } from './systemd-node.js';

const lab = attachLab();
const node = 'n1';
/** Another seed than the recorded one tries other texts: KUBELATCH_TEXT_SEED=7. */
const seed = Number(process.env['KUBELATCH_TEXT_SEED'] ?? '252');
const services = [...pickedServices, ...randomServices(seed, 24)].map(placed);
const record = process.env['KUBELATCH_RECORD'];

let facts: NodeFacts;
let started: ReadonlyMap<string, Started>;
const unitAt = (index: number): UnitFact => {
  const unit = facts.units[index];
  if (unit === undefined) throw new Error(`systemctl did not show ${services[index]?.unit ?? ''}`);
  return unit;
};

beforeAll(async () => {
  await remove(lab, node);
  await install(lab, node, services);
  facts = await factsOf(lab, node, services);
  started = await start(lab, node, services);
  if (record !== undefined) writeFileSync(record, recordOf(facts, services, started));
});
afterAll(() => remove(lab, node));

it('has enough of them to mean something', () => {
  expect(services.length).toBeGreaterThan(300);
  expect(facts.units).toHaveLength(services.length);
  expect(facts.systemd).toBeGreaterThan(200);
  expect(started.size).toBeGreaterThan(services.length / 2);
});

describe('the arguments, or that it does not start', () => {
  it.each(services.map((one, index) => [one.name, index] as const))('%s', (_, index) => {
    const unit = unitAt(index);
    const { verdict, command } = verdictOn(facts, unit);
    if (verdict !== 'unclear')
      expect(verdict, JSON.stringify(command.faults)).toEqual(started.get(unit.name) ?? 'not started');
    // Where all is known, nothing that systemd says of the unit is taken for a difference.
    else expect(command.unclear.every(({ path, message }) => path !== '' && message !== '')).toBe(true);
    if (verdict !== 'unclear' && verdict !== 'not started') expect(unitCommand(facts, unit).unclear).toEqual([]);
  });
});

it('leaves few of them unclear', () => {
  const unclear = services.filter((_, index) => verdictOn(facts, unitAt(index)).verdict === 'unclear');
  console.log(`${unclear.length} of ${services.length} unclear: ${unclear.map(({ name }) => name).join('; ')}`);
  expect(unclear.length).toBeLessThan(services.length * 0.15);
});

it('finds on the disk the files that systemd has read, and in its order', async () => {
  const units = services.map((one) => `'${one.unit}'`).join(' ');
  const { stdout } = await lab.on(node, `systemctl show -p Id -p FragmentPath -p DropInPaths -- ${units}`);
  const shown = stdout.trimEnd().split('\n\n');
  expect(shown).toHaveLength(services.length);
  const told = facts.units.map(({ name, fragmentPath = '', dropInPaths }) =>
    [`Id=${name}`, `FragmentPath=${fragmentPath}`, `DropInPaths=${dropInPaths.join(' ')}`].sort(),
  );
  expect(told).toEqual(shown.map((one) => one.split('\n').sort()));
});

it('reads what systemd has not read yet: a new drop-in, and a unit file in a stronger folder', async () => {
  const stays = '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=~x~ old\n';
  const service = placed({ name: 'stays', unit: stays }, 900);
  const path = `/etc/systemd/system/${service.unit}`;
  await install(lab, node, [service]);
  expect((await start(lab, node, [service])).get(service.unit)?.arguments.at(-1)).toBe('old');
  const write = `sed 's/old/$A new/' /run/systemd/system/${service.unit} >${path} && mkdir ${path}.d &&
printf '[Service]\\nEnvironment=A=%%N\\n' >${path}.d/50-later.conf`;
  expect(await lab.on(node, write)).toMatchObject({ code: 0, stderr: '' });
  const later = await factsOf(lab, node, [service]);
  const [unit] = later.units;
  if (unit === undefined) throw new Error('it was not found');
  expect(unit).toMatchObject({ fragmentPath: path, dropInPaths: [`${path}.d/50-later.conf`], needsReload: true });
  const { verdict } = verdictOn(later, unit);
  await lab.on(node, `systemctl daemon-reload; systemctl stop ${service.unit}`);
  expect((await start(lab, node, [service])).get(service.unit)).toEqual(verdict);
  expect(verdict).toMatchObject({ arguments: [expect.anything(), 'kt-900', 'new'] });
});
