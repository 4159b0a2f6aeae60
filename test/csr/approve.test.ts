/** Approval by uid and resourceVersion: whoever replaces the request between check and approval gains nothing. */
import { describe, expect, it } from 'vitest';
import type { ApiRequest, Gateway } from '../../src/cluster/gateway.js';
import { approveRequest, waitForIssue } from '../../src/csr/approve.js';
import { readRequest } from '../../src/csr/serving-request.js';
import { validate } from '../../src/csr/validate.js';
import type { ServingRequest } from '../../src/csr/serving-request.js';
import { fail, ok } from '../../src/lib/result.js';
import { clusterOf, reading } from './known.js';
import { type Filed, filed } from './make-request.js';

type Stored = ReturnType<typeof filed> & {
  metadata: { uid: string; resourceVersion: string; name: string };
  status: object;
};

/** An API server with one request: it refuses what has another uid or resourceVersion than it holds. */
function apiServer(first: Filed) {
  let stored: Stored | undefined = filed(first) as Stored;
  let version = 100;
  const events = { beforePut: (): void => undefined, loseAnswer: false };
  const sent: ApiRequest[] = [];
  const gateway: Gateway = {
    get: () =>
      Promise.resolve(
        stored === undefined
          ? fail({ kind: 'refused', status: 404, message: 'HTTP 404' })
          : ok(structuredClone(stored)),
      ),
    send(request) {
      sent.push(request);
      events.beforePut();
      const body = request.body as Stored;
      const isSame =
        body.metadata.uid === stored?.metadata.uid && body.metadata.resourceVersion === stored.metadata.resourceVersion;
      if (stored === undefined || !isSame)
        return Promise.resolve(fail({ kind: 'refused', status: 409, message: 'HTTP 409: conflict' }));
      stored = { ...stored, status: body.status, metadata: { ...stored.metadata, resourceVersion: String(++version) } };
      if (events.loseAnswer) return Promise.resolve(fail({ kind: 'unreachable', message: 'no answer' }));
      return Promise.resolve(ok({ body: structuredClone(stored), date: undefined }));
    },
    kubectl: () => Promise.resolve(fail({ kind: 'refused', message: 'not here' })),
    close: () => Promise.resolve(),
  };
  const replace = (next: Filed | undefined): void => {
    stored = next === undefined ? undefined : (filed({ ...next, resourceVersion: String(++version) }) as Stored);
  };
  return { gateway, sent, events, replace, stored: () => stored };
}

const judge = (request: ServingRequest) =>
  validate({ request, cluster: clusterOf(), reading: (name) => reading(name) });
const now = (): string => '2026-11-29T12:01:00Z';
const shown = readRequest(filed());
const conditionsOf = (object: unknown) => readRequest(object).conditions;

describe('approval', () => {
  it('sends the object back with its uid, resourceVersion and one more condition', async () => {
    const api = apiServer({});
    expect(await approveRequest(api.gateway, shown, judge, now)).toMatchObject({ kind: 'approved' });
    expect(api.sent).toMatchObject([
      {
        method: 'PUT',
        path: '/apis/certificates.k8s.io/v1/certificatesigningrequests/csr-abcde/approval',
        body: { metadata: { uid: 'uid-1', resourceVersion: '100' } },
      },
    ]);
    expect(conditionsOf(api.stored())).toMatchObject([
      { type: 'Approved', status: 'True', reason: 'KubelatchApprove' },
    ]);
  });

  it('is lost when the request is deleted and filed anew by the same name', async () => {
    const api = apiServer({});
    let left = 1;
    api.events.beforePut = () => {
      if (left-- > 0) api.replace({ uid: 'uid-2', username: 'kubernetes-admin' });
    };
    expect(await approveRequest(api.gateway, shown, judge, now)).toEqual({ kind: 'replaced' });
    expect(conditionsOf(api.stored())).toEqual([]);
    expect(api.sent).toHaveLength(1);
  });

  it('is not tried where the name stands for another request already, even a valid one', async () => {
    const api = apiServer({ uid: 'uid-2' });
    expect(await approveRequest(api.gateway, shown, judge, now)).toEqual({ kind: 'replaced' });
    api.replace(undefined);
    expect(await approveRequest(api.gateway, shown, judge, now)).toEqual({ kind: 'replaced' });
    expect(api.sent).toEqual([]);
  });

  it('judges anew what changed in between, and refuses what does not pass any more', async () => {
    const api = apiServer({});
    let left = 1;
    api.events.beforePut = () => {
      if (left-- > 0) api.replace({ status: { conditions: [{ type: 'Denied', status: 'True' }] } });
    };
    expect(await approveRequest(api.gateway, shown, judge, now)).toMatchObject({
      kind: 'refused',
      judgement: { reasons: [{ check: 'decided' }] },
    });
    expect(conditionsOf(api.stored())).toMatchObject([{ type: 'Denied' }]);
  });

  it('is tried again after a harmless change, and gives up after some', async () => {
    const api = apiServer({});
    let left = 2;
    api.events.beforePut = () => {
      if (left-- > 0) api.replace({});
    };
    expect(await approveRequest(api.gateway, shown, judge, now)).toMatchObject({ kind: 'approved' });
    const busy = apiServer({});
    busy.events.beforePut = () => busy.replace({});
    expect(await approveRequest(busy.gateway, shown, judge, now)).toMatchObject({ kind: 'failed' });
    expect(busy.sent).toHaveLength(5);
  });

  it('whose answer is lost is seen by reading again, and made once', async () => {
    const api = apiServer({});
    api.events.loseAnswer = true;
    expect(await approveRequest(api.gateway, shown, judge, now)).toMatchObject({ kind: 'approved' });
    expect(api.sent).toHaveLength(1);
    expect(conditionsOf(api.stored())).toHaveLength(1);
  });

  it('never denies', async () => {
    const api = apiServer({ groups: [] });
    expect(await approveRequest(api.gateway, shown, judge, now)).toMatchObject({ kind: 'refused' });
    expect(api.sent).toEqual([]);
  });
});

describe('waiting for the certificate', () => {
  const twice = () => {
    let left = 2;
    return () => Promise.resolve(left-- > 0);
  };

  it('ends when it is issued, failed, replaced or gone, or in time', async () => {
    const api = apiServer({ status: { certificate: 'eA==', conditions: [{ type: 'Approved' }] } });
    expect(await waitForIssue(api.gateway, shown, twice())).toMatchObject({ ok: true });
    api.replace({ status: { conditions: [{ type: 'Approved' }, { type: 'Failed', message: 'no' }] } });
    expect(await waitForIssue(api.gateway, shown, twice())).toEqual(fail('the signer refused it: no'));
    api.replace({ uid: 'uid-3' });
    expect(await waitForIssue(api.gateway, shown, twice())).toEqual(fail('the request was replaced'));
    api.replace(undefined);
    expect(await waitForIssue(api.gateway, shown, twice())).toEqual(fail('the request is gone'));
    api.replace({ status: { conditions: [{ type: 'Approved' }] } });
    expect(await waitForIssue(api.gateway, shown, twice())).toMatchObject({ ok: false });
  });
});
