# shellcheck shell=bash
# Writes one node's disk before it boots: address, keys, units and the kubelet's files; sourced by up.sh.

# lay SHAPE ROOT NAME ADDRESS: copies a shape's tree; files ending in .in get the node's name and addresses.
lay() {
  local file target
  while IFS= read -r file; do
    target=$2/${file%.in}
    install -D -m 644 "$LAB_HERE/shapes/$1/$file" "$target"
    [ "$file" != "${file%.in}" ] || continue
    sed -i -e "s|@NAME@|$3|g" -e "s|@ADDRESS@|$4|g" \
      -e "s|@PODS@|10.244.${4##*.}.0/24|g" -e "s|@RUNTIME@|$LAB_RUNTIME|g" "$target"
  done < <(cd "$LAB_HERE/shapes/$1" && find . -type f -printf '%P\n')
}

# start_at_boot ROOT TARGET UNIT-FILE...: what `systemctl enable` would do
start_at_boot() {
  local root=$1 target=$2 unit
  shift 2
  mkdir -p "$root/etc/systemd/system/$target.wants"
  for unit in "$@"; do
    ln -sfn "$unit" "$root/etc/systemd/system/$target.wants/${unit##*/}"
  done
}

# keys_and_names ROOT NAME: host name, host key and the lab's own key for every user
keys_and_names() {
  local root=$1 user home
  echo "$2" >"$root/etc/hostname"
  # An identity of its own; an empty one would make the first boot reset which units start.
  tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
  { echo "127.0.0.1 localhost" && cat "$LAB_STATE/hosts"; } >"$root/etc/hosts"
  echo "nameserver 127.0.0.1" >"$root/etc/resolv.conf"
  ssh-keygen -q -t ed25519 -N '' -C "$2" -f "$root/etc/ssh/ssh_host_ed25519_key"
  for user in root deploy ops pwuser; do
    home=$(chroot "$root" sh -c "echo ~$user")
    install -d -m 700 "$root$home/.ssh"
    # One user comes in by password only.
    [ "$user" = pwuser ] || install -m 600 "$LAB_STATE/key.pub" "$root$home/.ssh/authorized_keys"
    chroot "$root" chown -R "$user:$user" "$home/.ssh"
  done
}

# programs ROOT FOLDER PROGRAM...: links from FOLDER to where the cluster's programs are mounted
programs() {
  local root=$1 folder=$2 program
  shift 2
  mkdir -p "$root$folder"
  for program in "$@"; do
    [ ! -e "$LAB_PROGRAM_FOLDER/$program" ] || ln -sfn "/opt/lab/$program" "$root$folder/$program"
  done
}

kubeadm_node() { # ROOT NAME ADDRESS
  local root=$1
  lay kubeadm "$@"
  without_newer "$root/var/lib/kubelet/config.yaml"
  programs "$root" /usr/bin kubelet kubeadm kubectl
  install -d -m 755 "$root/etc/kubernetes/pki" "$root/etc/kubernetes/manifests"
  install -m 644 "$LAB_PKI/ca.crt" "$root/etc/kubernetes/pki/ca.crt"
  node_certificate "$2" "$root/var/lib/kubelet/pki"
  install -m 600 /dev/null "$root/etc/kubernetes/kubelet.conf"
  kubeconfig_of_node "$2" >"$root/etc/kubernetes/kubelet.conf"
  start_at_boot "$root" multi-user.target /lib/systemd/system/kubelet.service
}

systemd_node() { # ROOT NAME ADDRESS
  local root=$1
  lay systemd "$@"
  without_newer "$root/etc/systemd/system/kubelet.service"
  programs "$root" /usr/local/bin kubelet
  install -D -m 644 "$LAB_PKI/ca.crt" "$root/etc/kubernetes/ssl/ca.pem"
  node_certificate "$2" "$root/var/lib/kubelet/pki"
  install -m 600 /dev/null "$root/var/lib/kubelet/kubeconfig"
  kubeconfig_of_node "$2" >"$root/var/lib/kubelet/kubeconfig"
  start_at_boot "$root" multi-user.target /etc/systemd/system/kubelet.service
}

control_plane() { # ROOT NAME ADDRESS
  local root=$1 file
  lay control-plane "$@"
  programs "$root" /usr/local/bin kube-apiserver kube-controller-manager
  install -d -m 755 "$root/etc/kubernetes/pki"
  for file in "$LAB_PKI"/{ca,front-proxy-ca,apiserver,apiserver-kubelet-client,front-proxy-client}.{crt,key} "$LAB_PKI"/sa.{pub,key}; do
    case $file in
      *.key) install -m 600 "$file" "$root/etc/kubernetes/pki/" ;;
      *) install -m 644 "$file" "$root/etc/kubernetes/pki/" ;;
    esac
  done
  install -d -m 700 "$root/root/.kube"
  install -m 600 "$LAB_STATE/kubeconfig" "$root/etc/kubernetes/admin.conf"
  install -m 600 "$LAB_STATE/kubeconfig" "$root/root/.kube/config"
  install -m 600 /dev/null "$root/etc/kubernetes/controller-manager.conf"
  kubeconfig_embedded system:kube-controller-manager controller-manager >"$root/etc/kubernetes/controller-manager.conf"
  start_at_boot "$root" multi-user.target /etc/systemd/system/{kube-apiserver,kube-controller-manager}.service
  [ "$LAB_KIND" = standin ] || {
    install -m 755 "$LAB_ETCD" "$root/usr/local/bin/etcd"
    start_at_boot "$root" multi-user.target /etc/systemd/system/lab-etcd.service
  }
}

# join_material ROOT NAME ADDRESS FOLDER: what a k3s or RKE2 node gets by joining, kept where its supervisor finds it
join_material() {
  issue "serving-$2" ca "/CN=$2" serverAuth "DNS:$2,DNS:localhost,IP:127.0.0.1,IP:$3"
  issue "node-$2" ca "/O=system:nodes/CN=system:node:$2" clientAuth
  install -d -m 700 "$4"
  install -m 600 "$LAB_PKI/ca.crt" "$4/client-ca.crt"
  install -m 600 "$LAB_PKI/ca.crt" "$4/server-ca.crt"
  install -m 600 "$LAB_PKI/serving-$2.crt" "$4/serving-kubelet.crt"
  install -m 600 "$LAB_PKI/serving-$2.key" "$4/serving-kubelet.key"
  install -m 600 "$LAB_PKI/node-$2.crt" "$4/client-kubelet.crt"
  install -m 600 "$LAB_PKI/node-$2.key" "$4/client-kubelet.key"
  sed 's|server: https://.*|server: https://127.0.0.1:6443|' "$LAB_STATE/kubeconfig" >"$4/admin.kubeconfig"
  echo "$LAB_CONTROL" >"$4/control"
}

# servers_of PRODUCT OLD: the addresses of the servers of one cluster, in the order of the command line; OLD is "-old" or nothing
servers_of() {
  local address node
  while read -r address node; do
    ! grep -qE "^$node $1-server$2(@|$)" "$LAB_STATE/shapes" || echo "$address"
  done <"$LAB_STATE/hosts"
}

# rancher_node ROOT NAME ADDRESS SHAPE PLANTED: k3s and RKE2, SHAPE being PRODUCT-ROLE[-old][@UNIT]
rancher_node() {
  local root=$1 shape=${4%@*} product=${4%%-*} role generation=new version unit config port=6443 first way
  [[ $shape != *-old ]] || generation=old
  role=${shape%-old} && role=${role#*-}
  config=$root/etc/rancher/$product/config.yaml
  [ "$product" = k3s ] || { lay rke2 "$1" "$2" "$3" && port=9345; }
  lay "$product-$role" "$1" "$2" "$3"
  # What an older one has different.
  [ ! -d "$LAB_HERE/shapes/$shape" ] || [ "$generation" = new ] || lay "$shape" "$1" "$2" "$3"
  case $product-$generation in
    k3s-new) version=$LAB_NEW_RELEASE+k3s1 ;;
    k3s-old) version=$LAB_OLD_RELEASE+k3s1 ;;
    rke2-new) version=$LAB_NEW_RELEASE+rke2r1 ;;
    rke2-old) version=$LAB_OLD_RELEASE+rke2r1 ;;
  esac
  if [ -n "$LAB_PRODUCT" ]; then
    version=$LAB_PRODUCT_VERSION
    lay "true-$product" "$1" "$2" "$3"
    [ "$role" = agent ] || lay "true-$product-server" "$1" "$2" "$3"
  fi
  echo "$version" >"$root/etc/lab-version"

  join_material "$1" "$2" "$3" "$5/join"
  servers_of "$product" "${shape#"${shape%-old}"}" >"$5/join/servers"
  first=$(head -n 1 "$5/join/servers")
  way="server: https://${first:-$LAB_CONTROL}:$port"
  [ "$3" != "$first" ] || way="# the first server"
  [ "$3$product" != "${first}k3s" ] || way="cluster-init: true"
  sed -i "s|^@JOIN@\$|$way|" "$config"
  chmod 600 "$config"

  install -D -m 755 "${LAB_PRODUCT_FILE:-$LAB_SUPERVISOR/$product}" "$root/usr/local/bin/$product"
  if [ "$product" = k3s ]; then
    unit=k3s
    [ "$role" = server ] || unit=k3s-agent
    chmod 600 "$root/etc/systemd/system/$unit.service.env"
    ln -sfn k3s "$root/usr/local/bin/crictl"
    if [ "$4" != "$shape" ]; then
      # As the installer does with INSTALL_K3S_NAME.
      mv "$root/etc/systemd/system/$unit.service.env" "$root/etc/systemd/system/k3s-${4#*@}.service.env"
      sed "s|$unit.service.env|k3s-${4#*@}.service.env|" "$root/etc/systemd/system/$unit.service" \
        >"$root/etc/systemd/system/k3s-${4#*@}.service"
      rm "$root/etc/systemd/system/$unit.service"
      unit=k3s-${4#*@}
    fi
    start_at_boot "$root" multi-user.target "/etc/systemd/system/$unit.service"
  else
    unit=rke2-$role
    start_at_boot "$root" multi-user.target "/usr/local/lib/systemd/system/$unit.service"
  fi
  echo "$unit" >"$5/unit"
  PLANTED+=(etc/rancher etc/lab-version etc/sysctl.d "etc/default/$unit" "etc/sysconfig/$unit"
    "etc/systemd/system/$unit.service" "etc/systemd/system/$unit.service.d" "etc/systemd/system/$unit.service.env")
  local folder=var/lib/rancher/$product/agent/etc/kubelet.conf.d
  if [ "$generation" = new ]; then
    install -d -m 700 "$root/$folder"
    find "$root/$folder" -type f -exec chmod 600 {} +
  else
    rm -rf "${root:?}/$folder"
  fi
  PLANTED+=("$folder")
}

# What tests may change is kept beside the disk, read-only in the node: plant.sh copies it back.
PLANTED=(etc/kubernetes etc/default/kubelet etc/sysconfig/kubelet etc/cni/net.d etc/hosts
  etc/systemd/system/kubelet.service etc/systemd/system/kubelet.service.d
  usr/lib/systemd/system/kubelet.service usr/lib/systemd/system/kubelet.service.d
  usr/local/lib/systemd/system etc/ssh var/lib/kubelet)

# make_root NAME ADDRESS SHAPE
make_root() {
  local folder=$LAB_STATE/nodes/$1 root=$LAB_STATE/nodes/$1/root item
  mkdir -p "$folder"/{disk,root,planted}
  # A disk of its own can be filled without filling the machine's.
  [ -z "$LAB_DISK" ] || mount -t tmpfs -o "size=${LAB_DISK}m,mode=755" "lab-$1" "$folder/disk"
  mkdir -p "$folder"/disk/{upper,work}
  mount -t overlay "lab-$1" -o "lowerdir=$LAB_BASE,upperdir=$folder/disk/upper,workdir=$folder/disk/work" "$root"
  echo kubelet >"$folder/planted/unit"
  echo "$LAB_KIND" >"$folder/planted/kind"
  echo "$LAB_MINOR" >"$folder/planted/minor"
  # From where an API server calls the kubelet.
  if [ -n "$LAB_PRODUCT" ]; then
    { servers_of "$LAB_PRODUCT" '' && servers_of "$LAB_PRODUCT" -old; } >"$folder/planted/callers"
  else
    echo "$LAB_CONTROL" >"$folder/planted/callers"
  fi
  keys_and_names "$root" "$1"
  lay every "$root" "$1" "$2"
  mkdir -p "$root/opt/cni" "$root/opt/lab" "$root/opt/planted" "$root/opt/supervisor"
  ln -sfn /usr/lib/cni "$root/opt/cni/bin"
  start_at_boot "$root" sysinit.target /etc/systemd/system/lab-net.service
  case $3 in
    control-plane)
      kubeadm_node "$root" "$1" "$2"
      control_plane "$root" "$1" "$2"
      ;;
    kubeadm) kubeadm_node "$root" "$1" "$2" ;;
    systemd) systemd_node "$root" "$1" "$2" ;;
    k3s-* | rke2-*) rancher_node "$root" "$1" "$2" "$3" "$folder/planted" ;;
    *) fail "node $1 has the unknown shape '$3'" "shapes: kubeadm systemd k3s-... rke2-..." ;;
  esac
  if [ "$LAB_KIND" = standin ]; then
    ln -sfn /dev/null "$root/etc/systemd/system/containerd.service"
  else
    start_at_boot "$root" multi-user.target /lib/systemd/system/containerd.service
  fi
  printf '%s\n' "${3%@*}" >"$folder/shape"
  printf '%s\n' "$2" >"$folder/address"
  for item in "${PLANTED[@]}"; do
    [ ! -e "$root/$item" ] || (cd "$root" && cp -a --parents "$item" "$folder/planted/")
  done
  printf '%s\n' "${PLANTED[@]}" >"$folder/planted/places"
}
