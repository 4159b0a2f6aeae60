# shellcheck shell=bash
# The cluster's certificates and kubeconfigs, laid out as kubeadm does; sourced by up.sh.

# issue NAME AUTHORITY SUBJECT USAGE [SAN]: a key and a certificate, pki/NAME.{key,crt}
issue() {
  openssl req -x509 -config "$LAB_PKI/openssl.cnf" -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
    -CA "$LAB_PKI/$2.crt" -CAkey "$LAB_PKI/$2.key" -subj "$3" -keyout "$LAB_PKI/$1.key" -out "$LAB_PKI/$1.crt" \
    -addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature,keyEncipherment \
    -addext "extendedKeyUsage=$4" ${5:+-addext "subjectAltName=$5"} 2>>"$LAB_STATE/pki.log" ||
    fail "openssl could not make the certificate $1" "see $LAB_STATE/pki.log"
}

authority() {
  openssl req -x509 -config "$LAB_PKI/openssl.cnf" -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
    -subj "/CN=$2" -keyout "$LAB_PKI/$1.key" -out "$LAB_PKI/$1.crt" -addext basicConstraints=critical,CA:TRUE \
    -addext keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign -addext subjectKeyIdentifier=hash 2>>"$LAB_STATE/pki.log"
}

make_cluster_pki() {
  mkdir -p "$LAB_PKI"
  printf '[req]\ndistinguished_name = name\n[name]\n' >"$LAB_PKI/openssl.cnf"
  authority ca kubernetes
  authority front-proxy-ca front-proxy-ca
  issue apiserver ca /CN=kube-apiserver serverAuth \
    "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,DNS:cp1,DNS:localhost,IP:10.96.0.1,IP:127.0.0.1,$(sed 's/\([^ ]*\) .*/IP:\1/' "$LAB_STATE/hosts" | paste -sd,)"
  issue apiserver-kubelet-client ca /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth
  issue front-proxy-client front-proxy-ca /CN=front-proxy-client clientAuth
  issue admin ca /O=system:masters/CN=kubernetes-admin clientAuth
  issue controller-manager ca /CN=system:kube-controller-manager clientAuth
  openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$LAB_PKI/sa.key" 2>>"$LAB_STATE/pki.log"
  openssl pkey -in "$LAB_PKI/sa.key" -pubout -out "$LAB_PKI/sa.pub"
}

# kubeconfig USER CERTIFICATE-LINES: a kubeconfig in kubeadm's form on stdout
kubeconfig() {
  cat <<K
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: $(base64 -w0 "$LAB_PKI/ca.crt")
    server: https://$LAB_CONTROL:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: $1
  name: $1@kubernetes
current-context: $1@kubernetes
kind: Config
preferences: {}
users:
- name: $1
  user:
$2
K
}

# kubeconfig_embedded USER NAME: with the certificate NAME inside
kubeconfig_embedded() {
  kubeconfig "$1" "    client-certificate-data: $(base64 -w0 "$LAB_PKI/$2.crt")
    client-key-data: $(base64 -w0 "$LAB_PKI/$2.key")"
}

# kubeconfig_of_node NAME: refers to the kubelet's rotating certificate, as after a finished join
kubeconfig_of_node() {
  local current=/var/lib/kubelet/pki/kubelet-client-current.pem
  kubeconfig "system:node:$1" "    client-certificate: $current
    client-key: $current"
}

# node_certificate NAME FOLDER: the kubelet's client certificate in its rotation store
node_certificate() {
  local dated
  issue "node-$1" ca "/O=system:nodes/CN=system:node:$1" clientAuth
  dated=kubelet-client-$(date -u +%Y-%m-%d-%H-%M-%S).pem
  install -d -m 755 "$2"
  install -m 600 /dev/null "$2/$dated"
  cat "$LAB_PKI/node-$1.crt" "$LAB_PKI/node-$1.key" >>"$2/$dated"
  ln -sfn "/var/lib/kubelet/pki/$dated" "$2/kubelet-client-current.pem"
}
