/** Makes and deletes objects in the lab's API server, as its administrator. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { dirname, join } from 'node:path';
import type { Lab } from '../lab/lab.js';

export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

/** One request. A PATCH is a merge patch. Rejects when nothing answers in 60 s. */
export function callApi(
  lab: Pick<Lab, 'kubeconfig'>,
  method: 'POST' | 'PATCH' | 'DELETE' | 'GET',
  path: string,
  body?: object,
): Promise<ApiAnswer> {
  const api = (file: string): Buffer => readFileSync(join(dirname(lab.kubeconfig), 'api', file));
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const options = {
    ...{ host: api('address').toString('utf8').trim(), port: 6443, path, method, agent: false, timeout: 60_000 },
    ...{ ca: api('ca.crt'), cert: api('admin.crt'), key: api('admin.key'), headers: { 'content-type': type } },
  };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path} was not answered in 60 s`)));
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Throws unless the API server took it. */
export async function createObject(
  lab: Pick<Lab, 'kubeconfig'>,
  path: string,
  body: object,
): Promise<{ readonly uid: string }> {
  const answer = await callApi(lab, 'POST', path, body);
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.body.slice(0, 500)}`);
  return { uid: (JSON.parse(answer.body) as { metadata: { uid: string } }).metadata.uid };
}
