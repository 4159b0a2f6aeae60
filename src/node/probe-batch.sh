# Many files at once, for the probe: one process resolves the paths of all, one looks at them and one sends them. That is safe for
# files that only root can change: they are read by their real paths, in which nobody else can put a link. All others are left to
# probe-files.sh.

# shellcheck disable=SC2034,SC2086,SC2094,SC2154 # lists, one entry per line; the other parts
# `NAME REAL`, one per line: the files whose text may be read here, and those to send. All paths whose text is sent.
readable='' sendable='' texts=''
BOOT_ID=/proc/sys/kernel/random/boot_id

# The limit on the files of a batch: a shell searches long lists slowly.
BATCH=150

# describe_all READ LOOK: paths, one per line: those to report with their text, and those without. Reports those that are listed, too.
describe_all() {
  batch='' odd='' count=0
  sort_out "$1"
  read_batch=$batch read_odd=$odd batch='' odd=''
  sort_out "$2"
  if [ $((count + listed_count)) -gt "$BATCH" ]; then
    list_each
    in_parts read "$read_batch$each"
    in_parts look "$batch"
  elif ! describe_batch "$read_batch$listed" "$batch"; then
    list_each
    read_odd=$read_odd$read_batch$each odd=$odd$batch
  fi
  known=$known$NL$1$listed
  describe_each read "$read_odd"
  describe_each look "$odd"
  listed='' dirs='' listed_count=0
}

in_parts() { # read|look PATHS, one per line
  part='' filled=0
  IFS=$NL
  for path in $2; do
    unset IFS
    part=$part$NL$path filled=$((filled + 1))
    [ "$filled" -eq "$BATCH" ] || continue
    describe_part "$1" "$part"
    part='' filled=0
  done
  unset IFS
  describe_part "$1" "$part"
}

describe_part() { # read|look PATHS
  if [ "$1" = read ]; then describe_batch "$2" ''; else describe_batch '' "$2"; fi || describe_each "$1" "$2"
}

# Adds to batch what can be in one, and to odd the others: lists hold plain paths. Counts those of the batch.
sort_out() { # PATHS
  IFS=$NL
  for one in $1; do
    case $one in
      [!/]* | *[!\!-~]*) odd=$odd$NL$one ;;
      *)
        if [ -e "$one" ]; then
          batch=$batch$NL$one count=$((count + 1))
        elif [ -L "$one" ]; then
          odd=$odd$NL$one
        else
          echo "absent =$one"
        fi
        ;;
    esac
  done
  unset IFS
}

# describe_batch READ LOOK: reports all, or fails and reports none, as where a file has just been removed or a folder holds too much.
describe_batch() {
  [ -n "$1$2" ] || return 0
  names=$1$2 links='' homes='' real_names='' chain=''
  IFS=$NL
  for name in $names; do
    [ ! -L "$name" ] || links=$links$NL$name homes=$homes$NL${name%/*}/
  done
  if ! resolve || ! look_at_all; then
    unset IFS
    return 1
  fi
  set -- "$1" $stats
  reads=$1
  shift
  find_unsafe "$@"
  for name in $chain $links; do shift; done
  if ! within_limits "$@"; then
    unset IFS
    return 1
  fi
  left=$real_names offered='' could=''
  for name in $names; do
    unset IFS
    left=${left#"$NL"}
    describe_known "$name" "${left%%"$NL"*}" "$1"
    case $left in
      *"$NL"*) left=${left#*"$NL"} ;;
    esac
    shift
  done
  unset IFS
  sendable=$sendable$offered readable=$readable$could
}

# Sets real_names, and chain to the folders on the way to all files, by name and by real path.
resolve() {
  paths=$(realpath $names $homes 2>/dev/null)
  set -- $names $homes
  asked=$#
  set -- $paths
  [ $# -eq "$asked" ] || return
  for name in $names; do
    climb "${name%/*}"
    climb "${1%/*}"
    real_names=$real_names$NL$1
    shift
  done
  for home; do climb "$home"; done
}

climb() { # FOLDER: adds it and the folders above it to chain
  end=${1:-/}
  while ! among "$end" "$chain"; do
    chain=$chain$NL$end
    case $end in
      / | "$TOP") return ;;
    esac
    end=${end%/*}
    end=${end:-/}
  done
}

# Sets stats: a line for each folder of chain, each link and each real path.
look_at_all() {
  stats=$(stat -c '%u %g %a %U:%G %s %Y/%Z %C %F' -- $chain $links $real_names 2>/dev/null)
  set -- $chain $links $real_names
  asked=$#
  set -- $stats
  [ $# -eq "$asked" ]
}

# find_unsafe STAT...: sets unsafe to the folders of chain that others than root might change, and turned to `LINK CTIME` lines.
find_unsafe() {
  unsafe='' turned=''
  for name in $chain; do
    only_root "$1" || unsafe=$unsafe$NL$name
    shift
  done
  for name in $links; do
    times=${1#* */}
    turned=$turned$NL$name\ ${times%% *}
    shift
  done
}

# only_root STAT: only root can change it, even where an access list adds to its mode.
only_root() {
  case $1 in
    "0 "* | "$ROOT_UID "*) ;;
    *) return 1 ;;
  esac
  mode=${1#* * }
  mode=${mode%% *}
  case $1:$mode in
    *'symbolic link:'*) ;;
    *[2367] | *[2367]?) return 1 ;;
  esac
}

below_unsafe() { # PATH
  [ -n "$unsafe" ] || return 1
  IFS=$NL
  for one in $unsafe; do
    case $1 in
      "${one%/}"/*)
        unset IFS
        return 0
        ;;
    esac
  done
  unset IFS
  return 1
}

describe_known() { # NAME REAL STAT
  link='' label=- is_safe=yes
  if among "$1" "$links"; then
    word "$2"
    since=${turned#*"$NL$1 "}
    link=$word,${since%%"$NL"*}
    # A link is read one by one where a folder on its way is not root's alone.
    [ -z "$unsafe" ] || is_safe=no
  fi
  if below_unsafe "$1" || below_unsafe "$2" || may_hold_secrets "$2" || ! only_root "$3"; then is_safe=no; fi
  name=$1 real=$2
  set -- $3
  [ ! -d /sys/fs/selinux ] || label=$7
  uid=$1 gid=$2 mode=$3 owner=$4 size=$5 times=$6
  shift 7
  echo "stat =$name $label $link. $mode $uid:$gid $owner $size $times $*"
  case $1 in
    regular) ! among "$name" "$reads" || offer ;;
  esac
}

# Puts the file of describe_known among those to send, or reports why not.
offer() {
  case $is_safe:$real in
    yes:/proc/sys/*) ;;
    no:* | *:/proc/* | *:/sys/*)
      ! has_room "=$name" "$size" || send "=$name" "$name" 2>/dev/null <"$name" || echo "unreadable =$name"
      return
      ;;
  esac
  [ "$size" -gt "$cap" ] || could="$could$NL$name $real"
  ! has_room "=$name" "$size" || offered="$offered$NL$name $real"
}
