/** Rights as RBAC names them: of a request, and of the roles in a page of the docs. */
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { ApiRequest } from '../../src/cluster/gateway.js';

/** `verb group/resource`, with the name of the object where a role names it; `get /path` for what is no resource. */
export type Right = string;

const verbs = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const;

export function rightOf({ method, path }: Pick<ApiRequest, 'method' | 'path'>): Right {
  const [plain = ''] = path.split('?');
  const found = /^\/(?:api|apis\/([^/]+))\/[^/]+\/(?:namespaces\/[^/]+\/(?=.))?(.+)$/.exec(plain);
  if (found === null) return `get ${plain}`;
  const [, group = '', rest = ''] = found;
  const [resource = '', name, subresource] = rest.split('/');
  const verb = method === 'GET' ? (name === undefined ? 'list' : 'get') : verbs[method];
  return `${verb} ${group}/${resource}${subresource === undefined ? '' : `/${subresource}`}`;
}

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

export interface DocumentedRole {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules: readonly Rule[];
}

/** Every object in the YAML blocks of a Markdown file. */
export function rolesIn(file: string): readonly DocumentedRole[] {
  const text = readFileSync(file, 'utf8');
  const blocks = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = '']) => block);
  return blocks.flatMap((block) =>
    parseAllDocuments(block, { strict: true }).map((document) => {
      if (document.errors.length > 0) throw new Error(String(document.errors[0]));
      return document.toJS() as DocumentedRole;
    }),
  );
}

export const rightsOf = ({ rules }: DocumentedRole): readonly Right[] =>
  rules.flatMap(({ apiGroups = [], resources = [], nonResourceURLs = [], verbs: allowed }) =>
    allowed.flatMap((verb) => [
      ...apiGroups.flatMap((group) => resources.map((resource) => `${verb} ${group}/${resource}`)),
      ...nonResourceURLs.map((url) => `${verb} ${url}`),
    ]),
  );
