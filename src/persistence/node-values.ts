/** Settings whose values belong to one node: they are never written into a configuration that all nodes share. */

const nodeSettings: ReadonlySet<string> = new Set([
  // The runtime's socket and this machine's resolver.
  'containerRuntimeEndpoint',
  'imageServiceEndpoint',
  'resolvConf',
  // Files that have other names, or are missing, on other nodes.
  'tlsCertFile',
  'tlsPrivateKeyFile',
  // What the node is.
  'providerID',
  'address',
  'podCIDR',
  'registerWithTaints',
  'reservedSystemCPUs',
  'reservedMemory',
]);

/** Whether the setting (a path in KubeletConfiguration) has a value for one node only. */
export const isNodeValue = (setting: string): boolean => nodeSettings.has(setting);
