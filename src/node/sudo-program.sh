# The frame of the node helper, which runs as root through sudo. $1 the requested version  $2 the name of a program. The program's
# arguments come on stdin, one line of base64 each, then `end`. VERSION, TXN (the checksum of the program stored on the node) and UNITS_ALLOWED are defined above this, with the programs.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH

refuse() { # WHY STATUS
  echo "kubelatch-node-helper: $1" >&2
  exit "$2"
}

# Checks which unit a change may restart, and that the stored program is the one that may revert it.
check_prepare() { # VERB ID UNIT ...
  [ "$1" = prepare ] && [ $# -ge 12 ] || return 0
  unit=no
  set -f
  for one in $UNITS_ALLOWED; do
    # shellcheck disable=SC2254 # a pattern
    case $3 in $one) unit=yes ;; esac
  done
  set +f
  [ "$unit" = yes ] || refuse "$3 is no unit of a kubelet" 66
  [ "$(printf '%s' "${12}" | base64 -d | sha256sum)" = "$TXN  -" ] || refuse 'the program to store has the wrong checksum' 66
}

[ $# -eq 2 ] || refuse 'it takes a version and the name of a program' 64
[ "$1" = "$VERSION" ] || refuse "version $VERSION is installed, $1 is asked for" 65
case " $PROGRAMS " in
  *" $2 "*) program=$2 ;;
  *) refuse "it has no program $2" 66 ;;
esac
set --
echo kubelatch-ready
ended=no
while IFS= read -r word; do
  if [ "$word" = end ]; then
    ended=yes
    break
  fi
  word=$(printf '%s' "$word" | base64 -d && echo .) || refuse 'an argument is not base64' 66
  set -- "$@" "${word%.}"
done
# A request that was cut off in transit runs nothing.
[ "$ended" = yes ] || refuse 'the arguments ended early' 67
[ "$program" != txn ] || check_prepare "$@"
"run_$program" "$@" </dev/null
