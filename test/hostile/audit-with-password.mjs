// The built program's audit with a person who types one and the same password wherever something is asked.
import { readInventory } from '../../dist/inventory/load.js';
import { audit } from '../../dist/pipeline/audit.js';
import { loadPlaybook } from '../../dist/playbook/load.js';
import { formatted } from '../../dist/report/formats.js';
import { plainStyle } from '../../dist/report/style.js';
import { createConnector } from '../../dist/ssh/connect.js';
import { createExaminer } from '../../dist/pipeline/examiner.js';

const typed = () => Promise.resolve(process.env.KUBELATCH_TYPED);
const timeout = 1000 * parseInt(process.argv.at(-1), 10);
const inventory = await readInventory('./inventory.yaml');
const connector = createConnector({
  hostKeys: 'strict',
  connectTimeout: timeout,
  env: {},
  secrets: { passphrase: typed, password: typed, answer: typed, becomePassword: typed },
});
const examiner = createExaminer();
const result = await audit({
  version: '0',
  inventory,
  hosts: inventory.hosts,
  playbooks: [await loadPlaybook('baseline')],
  connector,
  examiner,
  clusterChoice: { use: false },
  forks: 32,
  timeout,
  report: (event) => process.stderr.write(`${JSON.stringify(event)}\n`),
});
process.stdout.write(formatted('json', result, { text: { width: 80, style: plainStyle }, time: '' }));
await Promise.all([connector.close(), examiner.close()]);
