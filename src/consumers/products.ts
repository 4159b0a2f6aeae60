/** Products that read kubelets: how they are recognised, which of their settings go without credentials, and what to set instead. Data. */

/** `read-only`: port 10255; `kubelet`: port 10250. */
export type ClientPort = 'read-only' | 'kubelet';

export interface ProductSign {
  /** `template`: an argument, or `NAME=value` of a variable; `config`: a line of a ConfigMap or Secret that the workload uses. */
  readonly where: 'template' | 'config';
  readonly sign: RegExp;
  /** The port that is read without credentials. */
  readonly port: ClientPort;
}

export interface Product {
  readonly name: string;
  /** Found in the name of an image. */
  readonly image: RegExp;
  readonly signs: readonly ProductSign[];
  /** What to set instead. */
  readonly fix: string;
  /** What it asks of a kubelet, as subresources of nodes: those it needs with authorization by the API server. */
  readonly rights: readonly string[];
  /** How it is told to do without nodes/proxy. */
  readonly narrow?: string | undefined;
  /** It carries the API server's own requests to kubelets: its connections are not its own. */
  readonly forwards?: true | undefined;
}

const template = (sign: RegExp, port: ClientPort = 'read-only'): ProductSign => ({ where: 'template', sign, port });
const config = (sign: RegExp, port: ClientPort = 'read-only'): ProductSign => ({ where: 'config', sign, port });

/** What the products' own documents and sources say (docs/consumers.md has the versions). The first whose image fits counts. */
const products: readonly Product[] = [
  {
    name: 'metrics-server',
    image: /metrics-server/,
    signs: [template(/^--kubelet-port=10255$/), template(/^--deprecated-kubelet-completely-insecure(=true)?$/)],
    fix: 'remove --deprecated-kubelet-completely-insecure and --kubelet-port=10255; add --kubelet-use-node-status-port, and --kubelet-certificate-authority=FILE where kubelets have certificates of that CA',
    rights: ['nodes/metrics'],
  },
  {
    name: 'Datadog Agent',
    image: /datadog|\bagent-dev\b/i,
    signs: [
      template(/^DD_KUBERNETES_HTTP_KUBELET_PORT=[1-9]/),
      config(/^\s*kubernetes_http_kubelet_port:\s*["']?[1-9]/),
    ],
    fix: 'remove DD_KUBERNETES_HTTP_KUBELET_PORT; set DD_KUBERNETES_HTTPS_KUBELET_PORT=10250, and datadog.kubelet.hostCAPath (DD_KUBELET_CLIENT_CA) instead of DD_KUBELET_TLS_VERIFY=false',
    rights: ['nodes/metrics', 'nodes/stats', 'nodes/pods'],
    narrow: 'set datadog.kubelet.fineGrainedAuthorization: true in the Helm values (charts since 2025-09)',
  },
  {
    name: 'New Relic',
    image: /newrelic|nri-kubernetes/i,
    signs: [
      template(/^NRI_KUBERNETES_KUBELET_(PORT=["']?10255|SCHEME=["']?http["']?$)/),
      config(/^\s*(port:\s*["']?10255\b|scheme:\s*["']?http["']?\s*$)/),
    ],
    fix: 'set kubelet.scheme: https and kubelet.port: 10250 in the Helm values, and caBundlePath to verify the kubelet',
    rights: ['nodes/metrics', 'nodes/stats', 'nodes/pods'],
    narrow: 'set rbac.kubeletFineGrainedAuth: true in the Helm values (since 2026-02)',
  },
  {
    name: 'Dynatrace',
    image: /dynatrace/i,
    signs: [],
    fix: 'give it a token with rights on port 10250',
    rights: ['nodes/metrics', 'nodes/pods'],
    narrow: 'set rbac.kubeletFineGrainedAuthz: true in the Helm values (on by default from Kubernetes 1.36)',
  },
  {
    name: 'Elastic Agent',
    image: /metricbeat|elastic-agent/i,
    signs: [config(/:10255\b/)],
    fix: 'set hosts: ["https://${NODE_NAME}:10250"], bearer_token_file: /var/run/secrets/kubernetes.io/serviceaccount/token and ssl.certificate_authorities',
    rights: ['nodes/metrics', 'nodes/stats', 'nodes/pods'],
  },
  {
    name: 'Telegraf',
    image: /telegraf/i,
    signs: [config(/^\s*url\s*=\s*["']http:\/\/[^"']*:10255/), template(/https?:\/\/\S*:10255\b/)],
    fix: 'in [[inputs.kubernetes]] set url = "https://$HOSTIP:10250", bearer_token = "/var/run/secrets/kubernetes.io/serviceaccount/token" and tls_ca',
    rights: ['nodes/stats', 'nodes/metrics', 'nodes/pods'],
  },
  {
    name: 'OpenTelemetry Collector',
    image: /opentelemetry-collector|otel(col|-collector)|splunk-otel/i,
    signs: [config(/^\s*endpoint:\s*["']?[^\s#]*:10255\b/), config(/^\s*auth_type:\s*["']?none\b/, 'kubelet')],
    fix: 'in the kubeletstats receiver set endpoint: https://${env:K8S_NODE_IP}:10250, auth_type: serviceAccount and ca_file',
    rights: ['nodes/stats', 'nodes/pods'],
  },
  {
    name: 'Grafana Alloy',
    image: /grafana\/(alloy|agent)|\balloy\b/i,
    signs: [config(/^\s*url\s*=\s*["']http:\/\/[^"']*:10255/)],
    fix: 'in discovery.kubelet set url = "https://" + env("HOST_IP") + ":10250", bearer_token_file and a tls_config with ca_file',
    rights: ['nodes/pods', 'nodes/metrics'],
  },
  {
    name: 'Fluent Bit',
    image: /fluent-?bit/i,
    signs: [config(/^\s*kubelet_port:?\s+["']?10255\b/i)],
    fix: 'in the kubernetes filter set kubelet_port 10250, kube_token_file and tls.verify on',
    rights: ['nodes/pods'],
    narrow: 'nodes/pods replaces nodes/proxy on kubelets from 1.33',
  },
  {
    name: 'heapster',
    image: /heapster|eventer|wavefront-kubernetes|kubernetes-collector/i,
    signs: [template(/--source=kubernetes(?![^\s"']*kubeletHttps=true)/)],
    fix: 'replace heapster with metrics-server, or append ?kubeletHttps=true&kubeletPort=10250&useServiceAccount=true to --source',
    rights: ['nodes/stats', 'nodes/metrics'],
  },
  {
    name: 'Prometheus',
    image: /prometheus\/prometheus\b|\/prometheus[:@]/i,
    signs: [],
    fix: '',
    rights: ['nodes/metrics'],
    narrow: 'charts since 2026-01-31 do without nodes/proxy',
  },
  {
    name: 'Konnectivity agent',
    image: /konnectivity|proxy-agent/i,
    signs: [],
    fix: '',
    rights: [],
    forwards: true,
  },
];

/** Signs of any program. */
export const genericSigns: readonly ProductSign[] = [
  template(/(?:^|[:=\s"'])10255(?![\d.])/),
  template(/https?:\/\/[^\s/"']{1,200}:10250\b/, 'kubelet'),
  config(/(?:[:=\s"'])10255(?![\d.])/),
];

/** Lines with one of these are a kubelet's own settings, and no client's. */
export const kubeletsOwn = /readOnlyPort|read-only-port/i;

export const productOf = (images: readonly string[]): Product | undefined =>
  products.find(({ image }) => images.some((one) => image.test(one)));
