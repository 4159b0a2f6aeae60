#!/bin/bash
# Makes the nodes' image once: a small Debian 12 with systemd, sshd, a container runtime and etcd.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/lab/place.sh
. "$here/place.sh"

# Raised when the contents change, so that an older image is made again.
edition=2
if [ -e "$LAB_BASE/.complete-$edition" ]; then
  say "image: $LAB_BASE is there"
  exit 0
fi
need_root
verdict=$(bash "$here/../setup.sh" --lab-only | tee >(cat >&2) | tail -n 1)
[ "$verdict" = LAB=yes ] || fail "this machine cannot run the lab" "${verdict#LAB=no }"
mkdir -p "$LAB_CACHE"
exec 9>"$LAB_CACHE/base.lock"
flock 9
[ ! -e "$LAB_BASE/.complete-$edition" ] || exit 0

log=$LAB_CACHE/base.log
fresh=$LAB_CACHE/base.new
system=systemd,systemd-sysv,dbus,openssh-server,iproute2,sudo,procps,curl,openssl,ca-certificates,iptables,nftables
system=$system,kmod,conntrack,ethtool,socat,util-linux,mount,netcat-openbsd,libstdc++6,libatomic1,jq,e2fsprogs
cluster=(containerd runc containernetworking-plugins busybox-static etcd-server etcd-client iputils-ping kubernetes-client)
mirror=$(apt-get indextargets --format "\$(REPO_URI)" 'Created-By: Packages' | grep -E '/debian/?$' | head -n 1 || true)

say "image: installing a minimal Debian bookworm into $LAB_BASE: ${system//,/ }"
rm -rf "$fresh"
debootstrap --variant=minbase --include="$system" bookworm "$fresh" ${mirror:+"$mirror"} >"$log" 2>&1 9>&- ||
  fail "debootstrap could not make the node image" "its last words are in $log"
say "image: adding ${cluster[*]}"
# Daemons of the image must not start on the machine that makes it.
printf '#!/bin/sh\nexit 101\n' >"$fresh/usr/sbin/policy-rc.d"
chmod 755 "$fresh/usr/sbin/policy-rc.d"
for setting in /etc/apt/apt.conf.d/* /etc/resolv.conf; do
  [ ! -f "$setting" ] || cp -n "$setting" "$fresh$setting"
done
chroot "$fresh" sh -c 'export DEBIAN_FRONTEND=noninteractive; apt-get update -q &&
  apt-get install -y -q --no-install-recommends "$@"' sh "${cluster[@]}" >>"$log" 2>&1 9>&- ||
  fail "the node image's packages could not be installed" "apt's last words are in $log"
chroot "$fresh" systemctl disable -q etcd containerd nftables e2scrub_all.timer e2scrub_reap.service apt-daily.timer \
  apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer systemd-networkd >>"$log" 2>&1 || true
rm -rf "$fresh/usr/sbin/policy-rc.d" "$fresh"/var/cache/apt/archives/*.deb "$fresh"/var/lib/apt/lists/* "$fresh"/etc/ssh/ssh_host_*
# The image's users are the fleet's: each a way of logging in and of becoming root.
chroot "$fresh" sh -euc '
  useradd -m -s /bin/sh deploy
  useradd -m -s /bin/bash -G sudo ops
  useradd -m -s /bin/bash pwuser
  printf "ops:labsecret\npwuser:labsecret\n" | chpasswd
  printf "deploy ALL=(ALL) NOPASSWD:ALL\npwuser ALL=(ALL) NOPASSWD:ALL\n" >/etc/sudoers.d/lab
  chmod 440 /etc/sudoers.d/lab
  printf "%s yes\n" PasswordAuthentication KbdInteractiveAuthentication >/etc/ssh/sshd_config.d/lab.conf
  printf "%s\n" "UseDNS no" "MaxStartups 100" "MaxSessions 50" >>/etc/ssh/sshd_config.d/lab.conf'
touch "$fresh/.complete-$edition"
sync -f "$fresh"
rm -rf "$LAB_BASE"
mv "$fresh" "$LAB_BASE"
say "image: ready in $LAB_BASE"
