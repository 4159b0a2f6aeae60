/** What the Kubernetes STIG of DISA says of the rules for kubelets: the parts that seldom change. */
import type { Severity } from '../playbook/schema.js';

export interface StigRule {
  /** Such as `CNTR-K8-000330`. */
  readonly version: string;
  /** Such as `SRG-APP-000033-CTR-000095`. */
  readonly group: string;
  readonly severity: Exclude<Severity, 'critical'>;
  readonly ccis: readonly string[];
}

const rule = (
  version: string,
  group: string,
  severity: StigRule['severity'],
  ...ccis: readonly string[]
): StigRule => ({
  ...{ version: `CNTR-K8-${version}`, group: `SRG-APP-${group}`, severity, ccis: ccis.map((one) => `CCI-${one}`) },
});

/** By the id of the group, as MITRE's profile of the STIG (k8s-node-stig-baseline, 2022) has them. A later release may differ. */
export const stigRules: Readonly<Record<string, StigRule>> = {
  'V-242387': rule('000330', '000033-CTR-000095', 'high', '000213'),
  'V-242391': rule('000370', '000033-CTR-000090', 'high', '000213'),
  'V-242392': rule('000380', '000033-CTR-000095', 'high', '000213'),
  'V-242397': rule('000440', '000033-CTR-000090', 'high', '000213'),
  'V-242399': rule('000460', '000033-CTR-000095', 'medium', '000213'),
  'V-242404': rule('000850', '000133-CTR-000290', 'medium', '001499'),
  'V-242406': rule('000880', '000133-CTR-000300', 'medium', '001499'),
  'V-242407': rule('000890', '000133-CTR-000305', 'medium', '001499'),
  'V-242420': rule('001420', '000219-CTR-000550', 'medium', '001184'),
  'V-242424': rule('001460', '000219-CTR-000550', 'medium', '001184'),
  'V-242425': rule('001470', '000219-CTR-000550', 'medium', '001184'),
  'V-242434': rule('001620', '000233-CTR-000585', 'high', '001084'),
  'V-242435': rule('001990', '000340-CTR-000770', 'high', '000213', '001812', '002235'),
  'V-242449': rule('003160', '000516-CTR-001325', 'medium', '000366'),
  'V-242450': rule('003170', '000516-CTR-001325', 'medium', '000366'),
  'V-242452': rule('003190', '000516-CTR-001325', 'medium', '000366'),
  'V-242453': rule('003200', '000516-CTR-001325', 'medium', '000366'),
  'V-242456': rule('003230', '000516-CTR-001330', 'medium', '000366'),
  'V-242457': rule('003240', '000516-CTR-001330', 'medium', '000366'),
};
