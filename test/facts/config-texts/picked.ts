/** All cases that somebody thought of. */
import type { ConfigCase } from './config-case.js';
import { dropInCases } from './drop-ins.js';
import { flagCases } from './flags.js';
import { scalarCases } from './scalars.js';

export const pickedCases: readonly ConfigCase[] = [...scalarCases, ...flagCases, ...dropInCases];
