# Where kubelatch keeps its files on a node, and which folders and files only root can change.
# These are constants, so that the caller's environment cannot change them.
# shellcheck disable=SC2034 # the other parts use them
BASE=/var/lib/kubelatch
UNITS=/etc/systemd/system
MOUNTS=/proc/self/mountinfo
# The kubelet's packet filter, and the program that loads it; also in src/filter.
FILTER=/etc/kubelatch/kubelet.nft
NFT=/usr/sbin/nft
# File systems whose content is lost on power failure.
VOLATILE='tmpfs ramfs'
# The ids of root, and the topmost folder to check.
ROOT_UID=0 ROOT_GID=0 TOP=/

# unsafe_files PATH...: prints why users other than root can change one of the files; nothing if they cannot.
unsafe_files() (
  stats=$(stat -c '%u %g %a %U %n' -- "$@" 2>/dev/null) || {
    echo "$1 cannot be read"
    exit
  }
  while read -r uid gid mode owner name; do
    if [ "$uid" != 0 ] && [ "$uid" != "$ROOT_UID" ]; then
      echo "$name is owned by $owner ($uid), mode $mode"
    elif [ ! -L "$name" ] && others_write "$mode" "$gid" "$name"; then
      echo "$name can be changed by users other than root, mode $mode"
    else
      continue
    fi
    break
  done <<STATS
$stats
STATS
)

others_write() { # MODE GID PATH
  case $1 in
    *[2367]) return 0 ;;
    *[2367]?) [ "$2" != "$ROOT_GID" ] || has_access_list "$3" ;;
    *) return 1 ;;
  esac
}

has_access_list() { # PATH: with an access list, the group bits show the list's mask instead
  case $(ls -ld -- "$1" 2>/dev/null) in
    ??????????+*) return 0 ;;
  esac
  return 1
}

# unsafe_folder DIR: the same for a folder, its parents and, if one of them is a link, its target. Root will create missing folders.
unsafe_folder() (
  folder=$1
  while [ ! -d "$folder/" ] && [ -n "$folder" ]; do folder=${folder%/*}; done
  folder=${folder:-/}
  real=$(readlink -f -- "$folder")
  set --
  for end in "$folder" "${real:-/}"; do
    while :; do
      set -- "$@" "$end"
      if [ "$end" = "$TOP" ] || [ "$end" = / ]; then break; fi
      end=${end%/*}
      end=${end:-/}
    done
    [ "$folder" != "$real" ] || break
  done
  unsafe_files "$@"
)
