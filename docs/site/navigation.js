/** The pages of the site and their order: each section has a title and files of the repository. docs/decisions is added whole. */
export const navigation = [
  [
    'Start',
    ['README.md', 'docs/ten-minutes.md', 'docs/three-ways.md', 'docs/troubleshooting.md', 'docs/comparison.md'],
  ],
  [
    'Rules and nodes',
    ['docs/playbooks.md', 'playbooks/README.md', 'docs/distros.md', 'docs/configuration.md', 'docs/persistence.md'],
  ],
  ['The cluster', ['docs/consumers.md', 'docs/certificates.md', 'docs/network-policies.md', 'docs/verification.md']],
  [
    'Safety',
    [
      'docs/safety.md',
      'docs/windows-and-hooks.md',
      'docs/security.md',
      'docs/rbac.md',
      'docs/fault-matrix.md',
      'docs/proof.md',
      'SECURITY.md',
    ],
  ],
  ['Reports', ['docs/reports.md', 'docs/drift.md', 'docs/json.md']],
  ['Reference', ['docs/cli.md', 'docs/glossary.md', 'docs/performance.md', 'CHANGELOG.md']],
  ['The project', ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'deploy/README.md', 'test/lab/README.md']],
];
