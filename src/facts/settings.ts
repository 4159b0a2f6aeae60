/** The kubelet's settings as playbooks and findings name them: the fields of KubeletConfiguration, with both sets of defaults. */
import { type Field, type FieldType, fields } from './kubelet-fields.js';
import type { Value } from './value.js';

export type { Value } from './value.js';

export type SettingKind = 'boolean' | 'integer' | 'string' | 'duration' | 'list' | 'map';

export interface SettingInfo {
  /** Path in KubeletConfiguration. */
  readonly path: string;
  /** Without the dashes. Undefined if only the file can set it. */
  readonly flag?: string | undefined;
  readonly kind: SettingKind;
  /** The default without --config. */
  readonly flagDefault: Value;
  /** The default with --config. */
  readonly fileDefault: Value;
  /** The kubelet fills in an unset value (such as a self-signed certificate), or the default changed between versions. */
  readonly filledIn?: boolean | undefined;
  /** A zero in the file means the default. */
  readonly zeroIsDefault?: boolean | undefined;
  /** configz does not show the flag, because it is not part of the configuration (cmd/kubelet/app/options/options.go, KubeletFlags). */
  readonly notInConfigz?: boolean | undefined;
}

const kinds: Readonly<Record<FieldType, SettingKind>> = {
  bool: 'boolean',
  int32: 'integer',
  int64: 'integer',
  uint32: 'integer',
  float: 'integer',
  string: 'string',
  quantity: 'string',
  duration: 'duration',
  time: 'duration',
  strings: 'list',
  ints: 'list',
  objects: 'list',
  texts: 'map',
  gates: 'map',
  lists: 'map',
  quantities: 'map',
};

/** The zero value of each type. */
export const zeroOf: Readonly<Record<SettingKind, Value>> = {
  boolean: false,
  integer: 0,
  string: '',
  duration: '0s',
  list: [],
  map: {},
};

/** Flags of KubeletFlags that also have a field of the same name. */
const flagsNotInConfigz = new Set(['seccomp-default']);

function settingOf({ path, type, pointer, fallback, legacy, flag, varies }: Field): SettingInfo {
  const kind = kinds[type];
  const fileDefault = fallback ?? (pointer ? null : zeroOf[kind]);
  return {
    path,
    flag,
    kind,
    fileDefault,
    flagDefault: legacy ?? fileDefault,
    filledIn: varies,
    zeroIsDefault: !pointer && fallback !== null,
    notInConfigz: flag !== undefined && flagsNotInConfigz.has(flag),
  };
}

/** Fields of list items are not settings of their own. */
export const settings: readonly SettingInfo[] = fields.filter(({ path }) => !path.includes('[]')).map(settingOf);

export const settingByPath: ReadonlyMap<string, SettingInfo> = new Map(settings.map((one) => [one.path, one]));
export const settingByFlag: ReadonlyMap<string, SettingInfo> = new Map(
  settings.flatMap((one) => (one.flag === undefined ? [] : [[one.flag, one] as const])),
);

/** Settings that matter for hardening. A declaration of one that has no effect is reported. */
export const hardeningSettings: readonly SettingInfo[] =
  `authentication.anonymous.enabled authentication.webhook.enabled
  authentication.webhook.cacheTTL authentication.x509.clientCAFile authorization.mode authorization.webhook.cacheAuthorizedTTL
  authorization.webhook.cacheUnauthorizedTTL readOnlyPort port address serverTLSBootstrap rotateCertificates tlsCertFile
  tlsPrivateKeyFile tlsCipherSuites tlsMinVersion streamingConnectionIdleTimeout makeIPTablesUtilChains protectKernelDefaults
  eventRecordQPS podPidsLimit seccompDefault enableDebuggingHandlers healthzBindAddress healthzPort staticPodPath
  allowedUnsafeSysctls kernelMemcgNotification featureGates`
    .split(/\s+/)
    .flatMap((path) => settingByPath.get(path) ?? []);
