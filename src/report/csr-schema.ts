/** The schema of a request for a serving certificate. */
import { z } from 'zod';
import { flag, text, textOrNull, texts, time } from './schema-parts.js';

export const judgedRequest = z.object({
  name: text('Name of the CertificateSigningRequest'),
  username: text('User who filed it'),
  node: textOrNull('Node in the name of that user'),
  host: textOrNull('Name of the host in the inventory that is this Node'),
  createdAt: time('When it was filed'),
  state: z.enum(['pending', 'approved', 'issued', 'denied', 'failed']),
  newest: flag('It is the newest pending request of its node, whose key the kubelet still has'),
  verdict: z
    .enum(['valid', 'refused', 'unknown', 'older', 'decided'])
    .describe('`older`: a newer one is pending; `decided`: it is not pending'),
  reasons: z
    .array(z.object({ check: text('Name of the check, for scripts'), message: text('Why, in one line') }))
    .describe('Why it is not valid'),
  outcome: z
    .enum(['approved', 'not-issued', 'not-served', 'mismatch', 'failed'])
    .optional()
    .describe('Where approval was tried; `mismatch`: the certificate is another than was asked for'),
  notes: texts('What else is known of the approval'),
});
