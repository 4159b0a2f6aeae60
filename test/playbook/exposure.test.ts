import { describe, expect, it } from 'vitest';
import { detectDistro } from '../../src/distros/index.js';
import type { AnonymousAnswer, ExposedPort, ExposedPorts } from '../../src/facts/exposed-ports.js';
import type { HttpAnswer } from '../../src/facts/node-http.js';
import type { Finding, NodeView } from '../../src/playbook/assess.js';
import { assessExposure } from '../../src/playbook/exposure.js';
import { factsOf, processOf } from '../nodes/facts-of.js';

const config = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const argv = ['/usr/bin/kubelet', '--config=/c.yaml'];

/** `200`, `refused`, `broken` or `unknown`. */
const answerOf = (text: string): HttpAnswer => {
  if (/^\d/.test(text)) return { kind: 'status', status: Number(text), body: '' };
  return text === 'refused' ? { kind: text } : { kind: text === 'broken' ? text : 'unknown', reason: 'no answer' };
};

/** `ADDRESS ANSWER` for each address that is listed, and for each other one; `here ANSWER` for a request from here. */
function portOf(port: number, listed: readonly string[], others: readonly string[] = []): ExposedPort {
  const answers = [...listed, ...others].map((one): AnonymousAnswer => {
    const [host = '', text = ''] = one.split(' ');
    const asked = host === '::' || host === '0.0.0.0' ? '127.0.0.1' : host;
    const answer = answerOf(text);
    return host === 'here'
      ? { port, host: '10.0.0.5', from: 'here', answer }
      : { port, host: asked, from: 'node', answer };
  });
  const listening = listed.map((one, at) => {
    const [address = ''] = one.split(' ');
    return { address, answer: answers[at]?.answer ?? answerOf('unknown') };
  });
  return { port, listening, answers };
}

interface Node {
  readonly api?: readonly ExposedPort[];
  readonly readOnly?: readonly ExposedPort[];
  readonly listed?: boolean;
  readonly file?: string;
  readonly configz?: Record<string, unknown>;
  readonly running?: boolean;
}

const shut = [portOf(10255, [], ['127.0.0.1 refused', '::1 refused'])];
const denied = [portOf(10250, [':: 401'])];

function judge({ api = denied, readOnly = shut, listed = true, file = '', configz, running = true }: Node): Finding[] {
  const facts = factsOf(
    { '/etc/systemd/system/kubelet.service': `[Service]\nExecStart=${argv.join(' ')}\n`, '/c.yaml': config + file },
    { processes: running ? [processOf(argv)] : [], addresses: ['127.0.0.1', '10.0.0.5'] },
  );
  const setup = detectDistro(facts)?.setup;
  if (setup === undefined) throw new Error('no kubelet');
  const exposed: ExposedPorts = { kubelet: api, readOnly, listed };
  const view: NodeView = { facts, setup, configz, kubeletVersion: undefined, exposed };
  return assessExposure(view);
}

const told = ({ status, got, note }: Finding): string =>
  [status, String(got), ...(note === undefined ? [] : [note])].join(' | ');

describe('anonymous-request-refused', () => {
  it.each<[string, Node, string]>([
    ['401 on every address', { api: [portOf(10250, [':: 401'])] }, 'pass | 401'],
    ['403 is a denial too', { api: [portOf(10250, ['127.0.0.1 401', '10.0.0.5 403'])] }, 'pass | 401'],
    ['200 where it is bound to every address', { api: [portOf(10250, [':: 200'])] }, 'fail | 200'],
    [
      '200 on its own address',
      { api: [portOf(10250, ['10.0.0.5 200'])], file: 'address: 10.0.0.5\n' },
      "fail | 200 | answered on the node's own address",
    ],
    [
      '401 on the loopback and 200 elsewhere',
      { api: [portOf(10250, ['127.0.0.1 401', '10.0.0.5 200'])] },
      "fail | 200 | answered on the node's own address, but not on the loopback address",
    ],
    ['200 on an address unlisted', { api: [portOf(10250, [], ['127.0.0.1 200'])] }, 'fail | 200'],
    [
      '200 to this machine alone',
      { api: [portOf(10250, [':: 401'], ['here 200'])] },
      'fail | 200 | answered a request from this machine, but refused a request from the node itself',
    ],
    [
      '200 to this machine, and the node could not be asked',
      { api: [portOf(10250, ['10.0.0.5 unknown'], ['here 200'])] },
      'fail | 200 | answered a request from this machine',
    ],
    [
      'no way from here',
      { api: [portOf(10250, [':: 401'], ['here unknown'])] },
      'pass | 401 | probed from the node itself, because the port is not reachable from this machine',
    ],
    ['another status is none of a denial', { api: [portOf(10250, [':: 404'])] }, 'fail | 404'],
    [
      'one address of two unheard',
      { api: [portOf(10250, ['127.0.0.1 401', '10.0.0.5 broken'])] },
      'unknown | broken | not judged: 10.0.0.5: no answer',
    ],
    [
      'somebody listens, and refuses',
      { api: [portOf(10250, ['10.0.0.5 refused'])] },
      'unknown | refused | not judged: 10.0.0.5: the port has a listener, but the connection was refused',
    ],
    [
      'nobody listens although the kubelet runs',
      { api: [portOf(10250, [], ['127.0.0.1 refused', '::1 refused'])] },
      'unknown | refused | not judged: the kubelet runs, but nothing listens on this port',
    ],
    [
      'no kubelet runs',
      { api: [portOf(10250, [], ['127.0.0.1 refused'])], running: false },
      'unknown | refused | not judged: no kubelet is running',
    ],
    ['what answers openly is open, whoever runs', { api: [portOf(10250, [':: 200'])], running: false }, 'fail | 200'],
    [
      'the node does not tell who listens',
      { api: [portOf(10250, [], ['127.0.0.1 401'])], listed: false },
      'unknown | 401 | not judged: the node does not report its listening addresses',
    ],
    [
      'the kubelet serves nothing by its file',
      { api: [portOf(10250, [], ['127.0.0.1 refused'])], file: 'enableServer: false\n' },
      'pass | refused | enableServer is false, so this port is not used',
    ],
    [
      'the running kubelet serves in spite of its file',
      {
        ...{ api: [portOf(10250, [], ['127.0.0.1 refused'])], file: 'enableServer: false\n' },
        configz: { enableServer: true },
      },
      'unknown | refused | not judged: the kubelet runs, but nothing listens on this port',
    ],
    [
      'the running kubelet has another port than its files',
      { api: [portOf(10250, [], ['127.0.0.1 refused']), portOf(10350, [':: 200'])] },
      'fail | 200',
    ],
  ])('%s', (_, node, wanted) => {
    const [finding] = judge(node);
    expect(finding?.rule).toBe('anonymous-request-refused');
    expect(finding && told(finding)).toBe(wanted);
  });

  it('names the place that binds it to an address', () => {
    const [finding] = judge({ api: [portOf(10250, ['10.0.0.5 200'])], file: 'address: 10.0.0.5\n' });
    expect(finding?.source).toEqual({ kind: 'file', path: '/c.yaml', line: 3 });
  });

  it('names each port', () => {
    const ports = [portOf(10250, []), portOf(10350, [':: 401'])];
    expect(judge({ api: ports })[0]?.title).toBe('Ports 10250 and 10350 refuse an anonymous request');
    expect(judge({})[0]?.title).toBe('Port 10250 refuses an anonymous request');
  });
});

describe('read-only-port-closed', () => {
  it.each<[string, Node, string]>([
    ['nobody listens, and every address refuses', {}, 'pass | refused'],
    [
      'refused from here too',
      { readOnly: [portOf(10255, [], ['127.0.0.1 refused', 'here refused'])] },
      'pass | refused',
    ],
    [
      'no way from here',
      { readOnly: [portOf(10255, [], ['127.0.0.1 refused', 'here unknown'])] },
      'pass | refused | probed from the node itself, because the port is not reachable from this machine',
    ],
    ['open', { readOnly: [portOf(10255, [':: 200'])] }, 'fail | 200'],
    [
      'open on its own address, refused on the loopback',
      { readOnly: [portOf(10255, ['10.0.0.5 200'])], file: 'address: 10.0.0.5\n' },
      "fail | 200 | answered on the node's own address",
    ],
    ['any answer is one', { readOnly: [portOf(10255, [':: 401'])] }, 'fail | 401'],
    [
      'listed, and refused where it was asked',
      { readOnly: [portOf(10255, ['10.0.0.5 refused'])] },
      'unknown | refused | not judged: 10.0.0.5: the port has a listener, but the connection was refused',
    ],
    [
      'listed, and without an answer',
      { readOnly: [portOf(10255, ['10.0.0.5 broken'])] },
      'unknown | broken | not judged: 10.0.0.5: no answer',
    ],
    [
      'one of two ports open',
      { readOnly: [portOf(10256, [], ['127.0.0.1 refused']), portOf(10255, ['0.0.0.0 200'])] },
      'fail | 200',
    ],
    [
      'not asked',
      { readOnly: [portOf(10255, [], ['127.0.0.1 refused', '::1 unknown'])] },
      'unknown | unknown | not judged: ::1: no answer',
    ],
    [
      'somebody speaks from here, but not HTTP',
      { readOnly: [portOf(10255, [], ['127.0.0.1 refused', 'here broken'])] },
      'unknown | broken | not judged: 10.0.0.5: no answer',
    ],
    ['no kubelet runs', { running: false }, 'unknown | refused | not judged: no kubelet is running'],
    [
      'the node does not tell who listens',
      { listed: false },
      'unknown | refused | not judged: the node does not report its listening addresses',
    ],
  ])('%s', (_, node, wanted) => {
    const [, finding] = judge(node);
    expect(finding?.rule).toBe('read-only-port-closed');
    expect(finding && told(finding)).toBe(wanted);
  });
});

it('says nothing where nothing was asked', () => {
  const facts = factsOf({ '/etc/systemd/system/kubelet.service': '[Service]\nExecStart=/usr/bin/kubelet\n' });
  const setup = detectDistro(facts)?.setup;
  if (setup === undefined) throw new Error('no kubelet');
  expect(assessExposure({ facts, setup, configz: undefined, kubeletVersion: undefined })).toEqual([]);
});
