/** Secrets in the forms in which they really stand: none of them is anybody's. `planted` is what must never be seen. */
export interface PlantedSecret {
  readonly form: string;
  readonly text: string;
  readonly planted: string;
}

const jwt = 'eyJhbGciOiJSUzI1NiIsImtpZCI6Ik1hZGUifQ.eyJzdWIiOiJzeXN0ZW06bm9kZSJ9.c2lnbmF0dXJlLW1hZGUtdXA';
const at = (form: string, text: string, planted: string): PlantedSecret => ({ form, text, planted });
/** Put together here, so that no scanner of secrets takes this file for a leak. */
const form = (...parts: readonly string[]): string => parts.join('');
const ghp = form('gh', 'p_', 'Zk3vQ9tW1rLx7Bn5Ym2Pc8Fd4Hs6Ja0Ue');
const akia = form('AKI', 'A', 'QZ7RTWX3MNPL2VKD');
const slack = form('xo', 'xb-', '204860213-59127403-mZkQvTbWnRpL');
const glpat = form('gl', 'pat-', 'q7ZtXw3mNpL2vKdRbY9s');
const google = form('AI', 'za', 'SyQ7RTWX3MNPL2VKDq7ZtXw3mNpL2vKdRb9');
const stripe = form('sk_', 'live_', 'q7ZtXw3mNpL2vKdRbY9sHj4u');
const begin = form('-----BEGIN ', 'RSA PRIVATE KEY', '-----');
const end = form('-----END ', 'RSA PRIVATE KEY', '-----');

export const plantedSecrets: readonly PlantedSecret[] = [
  at('variable of AWS', 'AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIbPxRfiCYzMADEUPKEY', 'wJalrXUtnFEMI'),
  at('key id of AWS', `key ${akia} was used`, akia),
  at('GitHub token in a variable', `GITHUB_PAT=${ghp}`, 'Zk3vQ9tW1rLx7Bn5'),
  at('GitHub token alone', `remote said ${ghp} twice`, ghp),
  at('variable that ends in PAT', 'GITHUB_PAT=Shortpat77', 'Shortpat77'),
  at('GitLab token', `clone with ${glpat}`, glpat),
  at('Slack token', `hook ${slack}`, slack),
  at('Google key', `maps?k=${google}`, google),
  at('Stripe key', `paid by ${stripe}`, stripe),
  at('database password', 'DB_PASS=corr,ecthorse7', 'ecthorse7'),
  at('quoted database password', 'DB_PASSWORD="two words77"', 'words77'),
  at('open quote', 'DB_PASSWORD="cut off77', 'off77'),
  at('docker auth', '{"auths":{"r.example":{"auth":"b3BzOmh1bnRlcjc3"}}}', 'b3BzOmh1bnRlcjc3'),
  at('flag with a blank', 'k3s agent --token Blank77token --server https://x', 'Blank77token'),
  at('bootstrap token behind a blank', '--bootstrap-token abcdef.0123456789abcde7 --v=2', '0123456789abcde7'),
  at('bootstrap token alone', 'joined with abcdef.0123456789abcde7', '0123456789abcde7'),
  at('bootstrap token at the end of a sentence', 'joined with abcdef.0123456789abcde7. Then', '0123456789abcde7'),
  at('k3s node token', `K10${'4f'.repeat(32)}::server:Server77pass`, 'Server77pass'),
  at('s3 secret key', 'etcd-s3-secret-key: S3/Secret77+key', 'Secret77'),
  at('s3 access key', 'etcd-s3-access-key: S3Access77key', 'S3Access77key'),
  at('client key', 'client-key-data: TFMwdExTMUNSVWRKVGlCU1UwRT0=', 'TFMwdExTMUNSVWRKVGlC'),
  at('phrase in YAML', 'agent-token: correct horse 77 staple', 'staple'),
  at('password with a slash', 'https://ops:pa/ss77@proxy:3128', 'ss77'),
  at('password with an at', 'postgres://kine:p@ss@77@db:5432/k3s', '77@'),
  at('token as user', 'https://Tok77en@git.example/x', 'Tok77en'),
  at('password in a list of addresses', 'http://a:1,http://u:Pw77x@b:2', 'Pw77x'),
  at('JSON web token', `started with ${jwt}`, 'eyJzdWIiOiJzeXN0ZW06bm9kZSJ9'),
  at('bearer', 'Authorization: Bearer q7ZtXw3mNpL2vKdRbY9s', 'q7ZtXw3mNpL2'),
  at('short basic', "-H 'Authorization: Basic dTpwNzc='", 'dTpwNzc='),
  at('private key', `${begin}\nMIIEow77\n${end}`, 'MIIEow77'),
  at('private key without an end', `${begin}\nMIIEow78`, 'MIIEow78'),
  at('line of a private key', `+${'Ab9/'.repeat(16)}\n`, 'Ab9/Ab9/'),
  at('crypt hash', 'root:$6$saltsalt$Zk3vQ9tW1rLx7Bn5Ym2Pc8Fd4Hs6Ja0Ue:19000::', 'Zk3vQ9tW1rLx'),
  at('vault token', form('hv', 's.', 'CAESIJ7ZtXw3mNpL2vKdRbY9s'), 'CAESIJ7ZtXw3'),
  at('VPN key', 'vpn-auth: name=tailscale,joinKey=Join77key', 'Join77key'),
  at('shared signature', 'https://x.blob.example/c?sv=1&sig=S1g77natur%3D', 'S1g77natur'),
  at('account key', 'DefaultEndpoints=x;AccountKey=Acc77ount==', 'Acc77ount'),
];
