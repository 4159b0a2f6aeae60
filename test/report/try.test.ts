import { test } from 'vitest';
import { plainStyle } from '../../src/report/style.js';
import { auditText } from '../../src/report/audit-text.js';
import { planText } from '../../src/report/plan-text.js';
import { runText } from '../../src/report/run-text.js';
import * as s from './samples.js';
import {writeFileSync} from 'node:fs';
test('x', () => {
  const o = { width: 80, style: plainStyle };
  const hosts = [
    ...['node1','node2','node3'].map((n) => s.hostAudit(n, { findings: [s.finding(), s.finding({rule:'read-only-port', severity:'high', got: 10255, want:'0', source:{kind:'default',detail:'no --config is given'}}), s.finding({rule:'tls-cipher-suites', severity:'low', got: ['TLS_RSA_WITH_3DES_EDE_CBC_SHA','TLS_A'], want:'only TLS_AES_128_GCM_SHA256, TLS_X', source:{kind:'file',path:'/var/lib/kubelet/config.yaml',line:44}}), s.manual('firewall'), s.finding({rule:'q',status:'unknown',note:'the running kubelet is older than its files: /var/lib/kubelet/config.yaml was changed at 10:00'})] })),
    s.hostAudit('edge', { findings: [s.finding({source:{kind:'file',path:'/var/lib/kubelet/config.yaml',line:7}}), s.finding({rule:'ok',status:'pass'}), s.finding({rule:'declared-not-in-effect',want:'what is declared is in effect',got:undefined,severity:'high',note:'annonymous: {"enabled":false} has no effect: no such key; anonymous was probably meant'})], notes:['port 10250 was not asked: the server forbids forwarding'] }),
    s.unreachable('node8'), s.unreachable('node9'),
  ];
  const out=[auditText(s.auditResult(hosts), o), auditText(s.auditResult(hosts), {...o,wide:true}), auditText(s.auditResult([]),o),
  planText(s.planResult([s.hostPlanned('n1'),s.hostPlanned('n2'),s.hostPlanned('n3',{role:'control-plane',plan:s.hostPlan('n3',{edits:[]})}),{...s.hostAudit('n4'),plan:s.hostPlan('n4',{edits:[],restart:false})},{...s.hostAudit('n5'),refused:{reason:'anonymous-auth: the client CA /etc/x does not exist: the kubelet would not start',hint:'make it'}},s.unreachable('n6')],[['n1'],['n2'],['n3']]),o),
  runText(s.runResult([s.outcome('n1','confirmed'),s.outcome('n2','confirmed',{gate:[s.check('configz',{unchecked:true,seen:'no access to the API server'})]}),s.outcome('n3','reverted',{reason:'the gate failed: lease',hint:'look at journalctl -u kubelet on the node',gate:[s.check('healthz',{passed:true}),s.check('lease')],log:['E1123 05:00:00 kubelet.go:100 "Failed" err="x \u001b[31mevil"','F1123 unknown flag']}),s.outcome('n4','unreachable',{reason:'nothing listens on n4:22'}),s.outcome('n5','skipped'),s.outcome('n6','unknown',{reason:'the connection was lost while it was put back'})],{stopped:'1 host failed, --max-failures is 0'}),o)];
  writeFileSync('/tmp/out.txt', out.join('\n=======\n'));
});
