/** Reads each object and each list of the API server once, for as long as one answer is put together. */
import type { Result } from '../lib/result.js';
import type { ClusterError, Gateway } from './gateway.js';

/**
 * A gateway that gives the first answer to a path again. Questions that change nothing and are posted (reviews), and all changes,
 * are sent each time. A failure is not kept: its list is asked for again from its first page, because the token of a page ages.
 * Pods, ConfigMaps and Secrets are not kept: each list has one reader, and a large cluster has a gigabyte of pods.
 */
export function readOnce(gateway: Gateway): Gateway {
  const answers = new Map<string, Promise<Result<unknown, ClusterError>>>();
  const forget = (list: string): void => {
    for (const path of answers.keys()) if (listOf(path) === list) answers.delete(path);
  };
  return {
    get(path, limits) {
      if (largeLists.test(path)) return gateway.get(path, limits);
      const known = answers.get(path);
      if (known !== undefined) return known;
      const asked = gateway.get(path, limits).then((answer) => {
        if (!answer.ok) forget(listOf(path));
        return answer;
      });
      answers.set(path, asked);
      return asked;
    },
    send: (request, deadline) => gateway.send(request, deadline),
    kubectl: (args, deadline) => gateway.kubectl(args, deadline),
    close: () => gateway.close(),
  };
}

/** All pods, ConfigMaps or Secrets of the cluster. */
const largeLists = /^\/api\/v1\/(pods|configmaps|secrets)\?/;

/** The path without the token of a page, as list.ts adds it. */
const listOf = (path: string): string => path.replace(/&continue=.*$/, '');
