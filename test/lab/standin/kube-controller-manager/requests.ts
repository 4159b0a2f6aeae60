// The certificate controllers: client requests of kubelets are approved, approved requests are signed by the cluster's CA.
import { refusal, type ApiClient } from '../api-client.js';
import { at, listOf, objectOf, text, type Json, type JsonObject } from '../json.js';
import * as klog from '../klog.js';
import { requestSubject, signRequest, type Authority } from '../x509.js';

const collection = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const clientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
const purposes: Readonly<Record<string, 'serverAuth' | 'clientAuth'>> = {
  'kubernetes.io/kubelet-serving': 'serverAuth',
  [clientSigner]: 'clientAuth',
  'kubernetes.io/kube-apiserver-client': 'clientAuth',
};

function has(request: Json, type: string): boolean {
  return listOf(at(request, 'status', 'conditions')).some((item) => at(item, 'type') === type);
}

function conditioned(request: JsonObject, type: string, reason: string, message: string): JsonObject {
  const time = `${new Date().toISOString().slice(0, 19)}Z`;
  const added = { type, status: 'True', reason, message, lastUpdateTime: time, lastTransitionTime: time };
  const conditions = [...listOf(at(request, 'status', 'conditions')), added];
  return { ...request, status: { ...objectOf(request['status']), conditions } };
}

async function send(api: ApiClient, subresource: string, request: JsonObject): Promise<void> {
  const answer = await api.call(
    'PUT',
    `${collection}/${text(at(request, 'metadata', 'name'))}/${subresource}`,
    request,
  );
  if (answer.status >= 300) throw new Error(refusal(answer));
}

async function sync(api: ApiClient, authority: Authority | undefined, request: JsonObject): Promise<void> {
  const signer = text(at(request, 'spec', 'signerName'));
  const purpose = purposes[signer];
  const settled = text(at(request, 'status', 'certificate')) !== '' || has(request, 'Denied') || has(request, 'Failed');
  if (purpose === undefined || settled) return;
  if (!has(request, 'Approved')) {
    const groups = listOf(at(request, 'spec', 'groups'));
    const ownKind = groups.includes('system:bootstrappers') || groups.includes('system:nodes');
    if (signer !== clientSigner || !ownKind) return;
    const why = 'Auto approving kubelet client certificate after SubjectAccessReview.';
    await send(api, 'approval', conditioned(request, 'Approved', 'AutoApproved', why));
    return;
  }
  if (authority === undefined) return;
  const pem = Buffer.from(text(at(request, 'spec', 'request')), 'base64').toString('utf8');
  const subject = await requestSubject(pem);
  const nodeShaped = /CN=system:node:[^,]+/.test(subject) && /O=system:nodes/.test(subject);
  if (signer !== 'kubernetes.io/kube-apiserver-client' && !nodeShaped) {
    await send(
      api,
      'status',
      conditioned(request, 'Failed', 'SignerValidationFailure', 'subject organization is not system:nodes'),
    );
    return;
  }
  const certificate = Buffer.from(await signRequest(authority, pem, [purpose])).toString('base64');
  await send(api, 'status', { ...request, status: { ...objectOf(request['status']), certificate } });
}

/** One look at every request; authority undefined: nothing is signed. */
export function requestController(api: ApiClient, authority: Authority | undefined): () => Promise<void> {
  return async () => {
    const answer = await api.call('GET', collection);
    if (answer.status >= 300) throw new Error(refusal(answer));
    for (const request of listOf(at(answer.body, 'items'))) {
      await sync(api, authority, objectOf(request)).catch((thrown: unknown) =>
        klog.error('certificate_controller.go:181', 'Sync failed', {
          name: text(at(request, 'metadata', 'name')),
          err: klog.reason(thrown),
        }),
      );
    }
  };
}
