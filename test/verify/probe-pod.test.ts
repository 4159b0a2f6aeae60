/** The pod that probes: what it may do, and what its answer is taken for. */
import { describe, expect, it } from 'vitest';
import { type PodTarget, podObject, readPodAnswer, stateOf } from '../../src/verify/probe-pod.js';

const targets: readonly PodTarget[] = [
  { name: 'kubelet', address: '192.0.2.1', port: 10250, path: '/pods' },
  { name: 'read-only', address: '2001:db8::1', port: 10255, path: '/pods' },
];

it('keeps to the Pod Security Standard restricted, without credentials', () => {
  const pod = podObject('probe-1', { node: 'n1', image: 'busybox:1.37', targets });
  expect(pod.rest?.['spec']).toMatchObject({
    nodeName: 'n1',
    automountServiceAccountToken: false,
    restartPolicy: 'Never',
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        image: 'busybox:1.37',
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  });
  expect(pod.rest?.['spec']).not.toHaveProperty('hostNetwork');
  const text = JSON.stringify(pod);
  expect(text).toContain('"https 192.0.2.1 10250 /pods","http [2001:db8::1] 10255 /pods"');
});

describe('its answer', () => {
  it('is read place by place', () => {
    const said =
      '192.0.2.1 10250 /pods status 401\n[2001:db8::1] 10255 /pods refused\n10.96.0.1 443 /version status 403\ndone\n';
    expect(readPodAnswer(said, targets)).toMatchObject({
      ok: true,
      value: {
        control: { kind: 'status', status: 403 },
        replies: [{ reply: { kind: 'status', status: 401 } }, { reply: { kind: 'refused' } }],
      },
    });
  });

  it('is unknown where a line is missing or is rubbish', () => {
    const said = '192.0.2.1 10250 /pods status 999\n192.0.2.9 10250 /pods status 200\ndone';
    const read = readPodAnswer(said, targets);
    expect(read.ok && read.value.replies.map(({ reply }) => reply.kind)).toEqual(['unknown', 'unknown']);
    expect(read.ok && read.value.control.kind).toBe('unknown');
  });

  it.each(['', 'sh: not found', '192.0.2.1 10250 /pods refused'])('%j is none', (said) => {
    expect(readPodAnswer(said, targets).ok).toBe(false);
  });
});

it.each([
  [{ phase: 'Succeeded', containerStatuses: [{ state: { terminated: { message: 'done' } } }] }, { ended: 'done' }],
  [{ phase: 'Failed', reason: 'NodeAffinity', message: 'no' }, { failed: 'the pod did not run: NodeAffinity: no' }],
  [
    {
      phase: 'Pending',
      containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull', message: 'no such host' } } }],
    },
    { failed: 'the pod did not run: ErrImagePull: no such host' },
  ],
  [
    { phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }] },
    { waiting: 'ContainerCreating' },
  ],
  [{ phase: 'Pending' }, { waiting: 'it is Pending' }],
  [{}, { waiting: 'it is not started' }],
  ['rubbish', { waiting: 'it is not started' }],
])('a pod with the status %j', (status, wanted) => {
  expect(stateOf({ status })).toMatchObject(wanted);
});
