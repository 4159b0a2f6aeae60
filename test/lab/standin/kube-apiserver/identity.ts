// Who sends a request to the API server: client certificate, bearer token, impersonation, or nobody.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { anonymous, authenticated, peerUser, type User } from '../x509.js';

export interface Tokens {
  find(token: string): User | undefined;
  issue(user: User): string;
}

/** Lines of the file: token,user,uid,"group1,group2". Throws when it cannot be read. */
export function openTokens(file: string): Tokens {
  const known = new Map<string, User>();
  const lines = file === '' ? [] : readFileSync(file, 'utf8').split('\n');
  for (const line of lines) {
    const match = /^\s*([^,#\s]+),([^,]+),[^,]*(?:,"?([^"]*)"?)?\s*$/.exec(line);
    if (!match) continue;
    const groups = (match[3] ?? '').split(',').filter((group) => group !== '');
    known.set(match[1] ?? '', authenticated(match[2] ?? '', groups));
  }
  return {
    find: (token) => known.get(token),
    issue(user) {
      const token = randomBytes(24).toString('base64url');
      known.set(token, user);
      return token;
    },
  };
}

/** 'rejected' when credentials were shown that nobody vouches for. */
export function requestUser(request: IncomingMessage, tokens: Tokens): User | 'rejected' {
  const token = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const user = peerUser(request.socket) ?? (token === undefined ? anonymous : (tokens.find(token) ?? 'rejected'));
  const other = request.headers['impersonate-user'];
  if (typeof other !== 'string' || user === 'rejected' || !user.groups.includes('system:masters')) return user;
  const groups = request.headersDistinct['impersonate-group'] ?? [];
  return other === anonymous.name ? { name: other, groups } : authenticated(other, groups);
}
