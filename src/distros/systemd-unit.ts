/** Finds a systemd unit by any of its names. */
import type { NodeFacts, UnitFact } from '../facts/node-facts.js';

export function unitNamed(facts: NodeFacts, name: string): UnitFact | undefined {
  const isNamed = (unit: UnitFact): boolean => unit.name === name || unit.names?.includes(name) === true;
  return facts.units.find((unit) => isNamed(unit) && unit.loaded && unit.fragmentPath !== undefined);
}
