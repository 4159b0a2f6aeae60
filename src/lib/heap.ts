/** How soon garbage is collected. */
import { setFlagsFromString } from 'node:v8';

/**
 * A heap may grow by a third before it is cleaned; V8 lets one of a fleet's size grow three times. Connections hold memory
 * outside of the heap, too, until then. Costs no time that could be measured.
 */
export const collectSoon = (): void => setFlagsFromString('--heap-growing-percent=30');
