/** Services whose texts are easy to misread, picked by hand. */
import { dropIns, kubelets, workingDirectories } from './drop-ins.js';
import { environmentFiles } from './environment-files.js';
import { programs, words } from './exec-start.js';
import type { ServiceText } from './service-text.js';
import { lines } from './unit-lines.js';
import { specifiers, variables } from './variables.js';

export const pickedServices: readonly ServiceText[] = [
  ...[...lines, ...words, ...programs, ...specifiers, ...variables, ...environmentFiles],
  ...[...dropIns, ...workingDirectories, ...kubelets],
];
