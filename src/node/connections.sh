# Lists TCP connections with one of the given ports at either end, read several times, and which processes of this node opened
# them. Changes nothing.
# $1 ports, separated by blanks  $2 how many times to read  $3 seconds between two reads  $4 limit on the lines of each kind
# Leaves out connections that were closed before the first read: an earlier run of kubelatch may have opened them.
# Prints `in LOCAL REMOTE` (the port is this end's), `out LOCAL REMOTE` (the other end's), both in the kernel's hexadecimal form,
# `from LOCAL REMOTE PID NAME CGROUP` (who opened an `out`; name and control group in base64), and at last `end`.

# The kernel forgets which process a connection had once it is closed: its inode is 0 then.
look() { # HEX_PORTS: `in|out LOCAL REMOTE INODE open|closed` of each connection; a closed one stays listed for a minute
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v ports=" $1 " '
    $4 ~ /^[0-9A-F][0-9A-F]$/ && $4 != "0A" && $4 != "07" {
      here = substr($2, length($2) - 3)
      there = substr($3, length($3) - 3)
      state = $4 ~ /^(01|02|03|0C)$/ ? "open" : "closed"
      if (index(ports, " " here " ")) print "in", $2, $3, 0, state
      if (index(ports, " " there " ")) print "out", $2, $3, $10, state
    }'
}

holders() { # INODES: `PID INODE` of each process that holds one of these sockets
  # shellcheck disable=SC2012 # names of these folders are numbers, and find on a small node follows no links
  ls -l /proc/[0-9]*/fd 2>/dev/null | awk -v inodes=" $1 " '
    /^\/proc\/[0-9]+\/fd:$/ {
      split($0, part, "/")
      pid = part[3]
      next
    }
    match($0, /socket:\[[0-9]+\]$/) {
      inode = substr($0, RSTART + 8, RLENGTH - 9)
      if (index(inodes, " " inode " ")) print pid, inode
    }'
}

tell_holders() { # LOOKED: the lines of one look
  inodes=$(printf '%s\n' "$1" | awk '$1 == "out" && $4 ~ /^[1-9][0-9]*$/ && NR <= 4096 { print $4 }' | sort -u)
  [ -n "$inodes" ] || return 0
  new=''
  for inode in $inodes; do
    case " $known " in
      *" $inode "*) ;;
      *) new="$new $inode" ;;
    esac
  done
  [ -n "$new" ] || return 0
  known="$known$new"
  while read -r pid inode; do
    [ -n "$pid" ] || continue
    name=''
    { read -r name <"/proc/$pid/comm"; } 2>/dev/null || continue
    group=$(head -c 4096 "/proc/$pid/cgroup" 2>/dev/null | b64)
    ends=$(printf '%s\n' "$1" | awk -v inode="$inode" '$1 == "out" && $4 == inode { print $2, $3; exit }')
    [ -z "$ends" ] || echo "from $ends $pid $(b64_of "$name"). $group."
  done <<HOLDERS
$(holders "$new")
HOLDERS
}

main() {
  [ $# -eq 4 ] || exit 97
  hex=''
  for port in $1; do hex="$hex $(printf '%04X' "$port")"; done
  known='' looks=0
  [ -r /proc/net/tcp ] || exit 3
  while :; do
    looked=$(look "$hex")
    printf '%s\n' "$looked" | awk -v first="$looks" 'NF { print $1, $2, $3, ($5 == "closed" && first == 0 ? "before" : "now") }'
    tell_holders "$looked"
    looks=$((looks + 1))
    [ "$looks" -lt "$2" ] || break
    sleep "$3" 2>/dev/null || sleep 1
  done | awk -v most="$4" '
    $4 == "before" { seen[$1, $2, $3] = 1 }
    $1 != "from" && !seen[$1, $2, $3]++ && ++count[$1] <= most { print $1, $2, $3 }
    $1 == "from" && !seen[$0]++ && ++count[$1] <= most'
  echo end
}
main "$@"
