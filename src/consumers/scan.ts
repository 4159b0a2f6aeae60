/** Finds in a cluster's own objects who is set up to read kubelets without credentials: it says who could, not who does. Pure. */
import { oneLine } from '../lib/sanitize.js';
import { type ClientPort, type Product, type ProductSign, genericSigns, kubeletsOwn, productOf } from './products.js';
import { isScrapeConfig, monitorFaults, scrapeFaults } from './prometheus.js';
import type { ClusterObjects, ConfigTexts } from './read-objects.js';
import { type Owner, type Workload, ownerText } from './workloads.js';
import { field, nameOf, textOf } from '../cluster/api-object.js';

/** One place that says so. */
export interface ConfigHit {
  readonly port: ClientPort;
  readonly owner: Owner;
  /** Of the workload; undefined for an object that no pod is known to use. */
  readonly serviceAccount: string | undefined;
  /** Where it stands. Values of Secrets are left out. */
  readonly evidence: string;
  readonly fix: string;
  /** It certainly sends no credentials; else it names the port, and may send some. */
  readonly isSure: boolean;
}

/** In the order of workloads, then of the Operator's objects. */
export function scanObjects(objects: ClusterObjects): readonly ConfigHit[] {
  const byName = new Map(objects.configs.map((one) => [configKey(one.kind, one.namespace, one.name), one]));
  const used = new Set<string>();
  const ofWorkloads = objects.workloads.flatMap((workload) => {
    const { owner, configMaps, secrets } = workload;
    const keys = [
      ...configMaps.map((name) => configKey('ConfigMap', owner.namespace, name)),
      ...secrets.map((name) => configKey('Secret', owner.namespace, name)),
    ];
    const configs = keys.flatMap((key) => byName.get(key) ?? []);
    for (const key of keys) used.add(key);
    return [...templateHits(workload), ...configs.flatMap((one) => configHits(workload, one))];
  });
  // A configuration that no pod mounts may still be read by one: of Prometheus alone it is certain what it means.
  const unused = objects.configs.filter(({ kind, namespace, name }) => !used.has(configKey(kind, namespace, name)));
  return [...ofWorkloads, ...unused.flatMap(unusedHits), ...objects.monitors.flatMap(monitorHits)];
}

const configKey = (kind: ConfigTexts['kind'], namespace: string, name: string): string =>
  `${kind} ${namespace}/${name}`;

function templateHits(workload: Workload): ConfigHit[] {
  const product = productOf(workload.images);
  return workload.words.flatMap(({ container, text }) => {
    const sign = signIn(text, 'template', product);
    if (sign === undefined) return [];
    const evidence = `container ${oneLine(container, 60)}: ${excerpt(text, sign.sign)}`;
    return [hitOf(workload, sign, evidence, product)];
  });
}

function configHits(workload: Workload, config: ConfigTexts): ConfigHit[] {
  const product = productOf(workload.images);
  const place = ownerText({ ...config, name: config.name });
  return config.texts.flatMap(({ key, text }) => {
    const head = `${place}, ${oneLine(key, 60)}`;
    const jobs = isScrapeConfig(text) ? scrapeFaults(text) : [];
    if (jobs.length > 0)
      return jobs.map(({ port, what, fix }) => ({
        ...hitOf(workload, { port }, `${head}: ${what}`, product),
        fix,
        isSure: true,
      }));
    return text.split('\n').flatMap((line, at) => {
      const sign = signIn(line, 'config', product);
      if (sign === undefined) return [];
      const shown = config.kind === 'Secret' ? 'its value is not shown' : excerpt(line, sign.sign);
      return [hitOf(workload, sign, `${head}:${at + 1}: ${shown}`, product)];
    });
  });
}

function unusedHits(config: ConfigTexts): ConfigHit[] {
  const { kind, namespace, name } = config;
  return config.texts.flatMap(({ key, text }) =>
    (isScrapeConfig(text) ? scrapeFaults(text) : []).map(({ port, what, fix }) => ({
      port,
      owner: { kind, namespace, name },
      serviceAccount: undefined,
      evidence: `${oneLine(key, 60)}: ${what}; no pod mounts it`,
      fix,
      isSure: true,
    })),
  );
}

function monitorHits({ kind, object }: ClusterObjects['monitors'][number]): ConfigHit[] {
  const owner = { kind, namespace: textOf(field(field(object, 'metadata'), 'namespace')), name: nameOf(object) };
  return monitorFaults(kind, object).map(({ port, what, fix }) => ({
    port,
    owner,
    serviceAccount: undefined,
    evidence: what,
    fix,
    isSure: true,
  }));
}

const hitOf = (
  { owner, serviceAccount }: Workload,
  sign: Pick<ProductSign, 'port'>,
  evidence: string,
  product: Product | undefined,
): ConfigHit => ({
  port: sign.port,
  isSure: sign.port === 'read-only' || product?.signs.some((one) => one === sign) === true,
  owner,
  serviceAccount,
  evidence: product === undefined ? evidence : `${evidence} (${product.name})`,
  fix: product?.fix ?? '',
});

/** Longest line that is searched: nobody writes longer ones by hand. */
const lineCap = 4096;

/** The product's own sign, else one of any program. A comment, and a kubelet's own setting, say nothing. */
function signIn(text: string, where: ProductSign['where'], product: Product | undefined): ProductSign | undefined {
  const line = text.slice(0, lineCap);
  if (kubeletsOwn.test(line) || (where === 'config' && /^\s*(#|\/\/|;)/.test(line))) return undefined;
  return [...(product?.signs ?? []), ...genericSigns].find((one) => one.where === where && one.sign.test(line));
}

/** The word that holds what was found, and no more: the rest may be anything. */
function excerpt(text: string, sign: RegExp): string {
  const found = sign.exec(text.slice(0, lineCap));
  if (found === null) return '';
  const start = text.lastIndexOf(' ', found.index + 1) + 1;
  const end = text.slice(found.index + found[0].length).search(/\s/);
  const word = text.slice(start, end === -1 ? undefined : found.index + found[0].length + end);
  return oneLine(word, 120);
}
