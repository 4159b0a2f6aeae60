#!/bin/bash
# Runs inside a node: makes one thing go wrong, or clears all of it again.
# usage: fault.sh clear | never-starts | slow-start | hangs-on-stop | not-ready | unreachable | cut-off | dies | disk-full WHERE | read-only WHERE | host-key | config-yaml
# The faults never-starts, slow-start, not-ready, unreachable, cut-off and dies strike only while the kubelet's settings differ from the planted ones.
set -euo pipefail

watch=/run/lab-fault.sh
unit=$(cat /opt/planted/unit)
dropin=/run/systemd/system/$unit.service.d/90-lab-fault.conf
slow=/run/systemd/system/$unit.service.d/91-lab-slow.conf
# k3s and RKE2 lay their client CA out anew at each start, but not while this is there.
no_ca=/run/lab-no-client-ca
rancher=$(find /etc/rancher -mindepth 1 -maxdepth 1 -printf %f -quit 2>/dev/null || true)
# The API servers' addresses.
callers=$(paste -sd, /opt/planted/callers)

# reload_with DROP-IN DIRECTIVE...: the lab's own, from long ago, so that it is no edit that the kubelet has not read
reload_with() {
  mkdir -p "${1%/*}"
  printf '%s\n' '[Service]' "${@:2}" >"$1"
  touch -d 2000-01-01 "$1"
  systemctl daemon-reload
}

# strike_when_changed ON OFF: before each start of the kubelet ON is run if its settings were changed, else OFF
strike_when_changed() {
  cat >"$watch" <<W
#!/bin/bash
changed() {
  local file
  # What k3s and RKE2 write themselves at each start does not count.
  for file in etc/rancher etc/default/$unit etc/sysconfig/$unit etc/systemd/system/$unit.service.env \
    etc/lab-version var/lib/rancher/$rancher/agent/etc/kubelet.conf.d; do
    [ -n "$rancher" ] || break
    [ -e "/\$file" ] || [ -e "/opt/planted/\$file" ] || continue
    diff -rq -x '00-*' -x k3s.yaml -x rke2.yaml "/\$file" "/opt/planted/\$file" >/dev/null 2>&1 || return 0
  done
  for file in var/lib/kubelet/config.yaml var/lib/kubelet/kubeadm-flags.env etc/systemd/system/$unit.service; do
    [ ! -e "/opt/planted/\$file" ] || cmp -s "/\$file" "/opt/planted/\$file" || return 0
  done
  ! diff -rq /etc/systemd/system/$unit.service.d /opt/planted/etc/systemd/system/$unit.service.d >/dev/null 2>&1 &&
    [ -e /etc/systemd/system/$unit.service.d ]
}
restore() {
  [ ! -e "/opt/planted/\$1" ] || [ -e "/\$1" ] || cp -a "/opt/planted/\$1" "/\$1"
}
if changed; then
  $1
else
  $2
fi
exit 0
W
  chmod 755 "$watch"
  reload_with "$dropin" "ExecStartPre=$watch"
}

# filter_when_changed HOOK RULE: a table with one chain, while the kubelet's settings were changed
filter_when_changed() {
  strike_when_changed "nft -f - <<'N'
table inet labfault
delete table inet labfault
table inet labfault {
  chain fault {
    $1
    $2
  }
}
N" '! nft list table inet labfault >/dev/null 2>&1 || nft delete table inet labfault'
}

# folders WHERE: "config" is where the kubelet's settings are, "state" is where kubelatch keeps its own
folders() {
  case $1 in
    config)
      if [ -n "$rancher" ]; then
        echo "/etc/rancher/$rancher"
      elif [ -e /var/lib/kubelet/config.yaml ]; then
        echo /var/lib/kubelet
      else
        echo /etc/systemd/system
      fi
      ;;
    state) echo /var/lib/kubelatch ;;
    *) exit 64 ;;
  esac
}

clear_all() {
  local mount
  for mount in /var/lib/kubelet /etc/rancher/k3s /etc/rancher/rke2 /etc/systemd/system /var/lib/kubelatch /etc; do
    while findmnt -n -o SOURCE,OPTIONS --mountpoint "$mount" >/dev/null; do
      umount -l "$mount"
    done
  done
  ! nft list table inet labfault >/dev/null 2>&1 || nft delete table inet labfault
  rm -f "$watch" "$dropin" "$no_ca" "$slow"
  rmdir "${dropin%/*}" 2>/dev/null || true
  [ -e /etc/cni/net.d/10-lab.conflist ] || cp -a /opt/planted/etc/cni/net.d/10-lab.conflist /etc/cni/net.d/
  local authority
  for authority in etc/kubernetes/pki/ca.crt etc/kubernetes/ssl/ca.pem; do
    [ ! -e "/opt/planted/$authority" ] || [ -e "/$authority" ] || cp -a "/opt/planted/$authority" "/$authority"
  done
  if ! cmp -s /etc/ssh/ssh_host_ed25519_key /opt/planted/etc/ssh/ssh_host_ed25519_key; then
    cp -a --remove-destination /opt/planted/etc/ssh/. /etc/ssh/
    systemctl restart ssh
  fi
  systemctl is-active -q ssh || systemctl start ssh
  systemctl daemon-reload
}

case ${1:-} in
  clear) clear_all ;;
  not-ready)
    # Without a network plugin's settings the runtime says that pods cannot be run, and the node turns NotReady.
    strike_when_changed 'rm -f /etc/cni/net.d/10-lab.conflist' \
      'restore etc/cni/net.d/10-lab.conflist'
    ;;
  unreachable)
    # The kubelet's own calls to the API server go through; only calls from it are refused.
    filter_when_changed 'type filter hook input priority 0;' \
      "ip saddr { $callers } tcp dport 10250 reject with tcp reset"
    ;;
  cut-off)
    # The kubelet's calls to the API server get no answer; calls from it go through.
    filter_when_changed 'type filter hook output priority 0;' "ip daddr { $callers } tcp dport 6443 drop"
    ;;
  dies)
    # A kubelet whose client CA is gone says so and ends.
    strike_when_changed "rm -f /etc/kubernetes/pki/ca.crt /etc/kubernetes/ssl/ca.pem; touch $no_ca" \
      "rm -f $no_ca; "'restore etc/kubernetes/pki/ca.crt; restore etc/kubernetes/ssl/ca.pem'
    ;;
  never-starts)
    strike_when_changed 'exec sleep infinity' ':'
    reload_with "$slow" TimeoutStartSec=infinity
    ;;
  slow-start) strike_when_changed 'sleep 12' ':' ;;
  hangs-on-stop)
    # As good as ignoring SIGTERM; systemd kills it in the end.
    reload_with "$slow" KillSignal=SIGCONT TimeoutStopSec=20
    ;;
  disk-full)
    folder=$(folders "${2:-config}")
    mkdir -p "$folder"
    # A small disk that is not seen to be memory: of the overlay's layers the node knows nothing.
    small=$(mktemp -d /run/lab-full.XXXXXX)
    mount -t tmpfs -o size=4m tmpfs "$small"
    mkdir "$small/none" "$small/work" "$small/disk"
    chmod "$(stat -c %a "$folder")" "$small/disk"
    cp -a "$folder/." "$small/disk/"
    mount -t overlay -o "lowerdir=$small/none,upperdir=$small/disk,workdir=$small/work" overlay "$folder"
    umount -l "$small"
    rmdir "$small"
    dd if=/dev/zero of="$folder/.lab-full" bs=4k 2>/dev/null || true
    ;;
  read-only)
    folder=$(folders "${2:-config}")
    mkdir -p "$folder"
    mount --bind "$folder" "$folder"
    mount -o remount,bind,ro "$folder"
    ;;
  host-key)
    rm -f /etc/ssh/ssh_host_ed25519_key /etc/ssh/ssh_host_ed25519_key.pub
    ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
    systemctl restart ssh
    ;;
  config-yaml)
    if [ -n "$rancher" ]; then
      printf 'kubelet-arg: [not, closed\n' >>"/etc/rancher/$rancher/config.yaml"
      exit
    fi
    [ -e /var/lib/kubelet/config.yaml ] || exit 64
    printf 'authorization: [not, closed\n' >>/var/lib/kubelet/config.yaml
    ;;
  *) exit 64 ;;
esac
