/** Every hostile host of this suite, by kind. */
import { answerCases } from './answer-cases.js';
import { channelCases } from './channel-cases.js';
import type { HostileCase } from './hostile-case.js';
import { portCases } from './port-cases.js';
import { questionCases, sudoCases } from './sudo-cases.js';
import { textCases } from './text-cases.js';
import { transportCases } from './transport-cases.js';

export const allCases: readonly HostileCase[] = [
  ...transportCases,
  ...channelCases,
  ...answerCases,
  ...textCases,
  ...portCases,
];

/** Those that are after what a person types. */
export const askingCases: readonly HostileCase[] = [...sudoCases, ...questionCases];
