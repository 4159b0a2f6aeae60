/** Playbooks for tests of persistence: the built-in ones by name, and one whose rules want values of a single node. */
import { readFileSync } from 'node:fs';
import { parsePlaybook } from '../../src/playbook/load.js';
import type { Playbook } from '../../src/playbook/schema.js';

const ofOneNode = `
apiVersion: kubelatch.dev/v1
kind: Playbook
metadata: { name: one-node, title: Values of one node }
rules:
  - { id: cert, title: t, severity: high, why: w, setting: tlsCertFile, want: { set: true }, set: /etc/k.crt }
  - { id: provider, title: t, severity: low, why: w, setting: providerID, want: { set: true }, set: aws:///a/i-1 }
`;

export const loadRules = (name: string): Playbook =>
  parsePlaybook(
    name,
    name === 'tls-cert-rules'
      ? ofOneNode
      : readFileSync(new URL(`../../playbooks/${name}.yaml`, import.meta.url), 'utf8'),
  );
