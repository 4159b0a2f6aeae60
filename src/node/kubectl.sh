# Runs kubectl with this host's credentials, or serves the API server through it.
# $1 kubeconfig or -  $2 context or -  $3 kubeconfigs to try if $1 is -  $4 kubectl programs to try
# $5 `serve` and a folder to create, or `run` and kubectl's arguments

# Serves the API server on a socket in a private folder until this script's output is closed.
serve() { # DIR
  dir=$1
  (umask 077 && mkdir -- "$dir") || exit 4
  owner=${SUDO_UID:-$(id -u)}
  chown -- "$owner" "$dir"
  "$kubectl" ${context_flag:+"$context_flag"} proxy --unix-socket="$dir/api" </dev/null >/dev/null 2>"$dir/log" &
  server=$!
  trap 'kill "$server" 2>/dev/null; rm -rf -- "$dir"' EXIT
  trap 'exit 0' HUP INT TERM PIPE
  tries=0
  until [ -S "$dir/api" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ] || ! kill -0 "$server" 2>/dev/null; then
      tail -n 3 "$dir/log" >&2
      exit 5
    fi
    sleep 0.1 2>/dev/null || sleep 1
  done
  chown -- "$owner" "$dir/api"
  while kill -0 "$server" 2>/dev/null; do # the write fails once the output is closed, which ends this loop
    echo alive || exit 0
    sleep 2
  done
  tail -n 3 "$dir/log" >&2
  exit 6
}

main() {
  [ $# -ge 6 ] || exit 97
  config=$1 context_flag='' kubectl=''
  [ "$2" = - ] || context_flag="--context=$2"
  for one in $4; do
    command -v "$one" >/dev/null 2>&1 && kubectl=$one && break
  done
  [ -n "$kubectl" ] || {
    echo "kubectl was not found; tried: $4" >&2
    exit 3
  }
  if [ "$config" = - ]; then
    for one in $3; do
      [ -r "$one" ] && config=$one && break
    done
  fi
  [ "$config" = - ] || export KUBECONFIG="$config"
  verb=$5
  shift 5
  case $verb in
    serve) serve "$1" ;;
    run) "$kubectl" ${context_flag:+"$context_flag"} "$@" </dev/null ;;
    *) exit 97 ;;
  esac
}
main "$@"
