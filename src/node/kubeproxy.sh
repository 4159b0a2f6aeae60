# Serves the API server on a private socket for as long as somebody listens to this script's output.
# $1 folder to make (0700)  $2 kubeconfig or -  $3 context or -  $4 kubeconfigs to try when none is named  $5 programs to try for kubectl

main() {
  [ $# -eq 5 ] || exit 97
  dir=$1 config=$2 context=$3 kubectl=
  for one in $5; do
    command -v "$one" >/dev/null 2>&1 && kubectl=$one && break
  done
  [ -n "$kubectl" ] || {
    echo "none of these is here: $5" >&2
    exit 3
  }
  if [ "$config" = - ]; then
    for one in $4; do
      [ -r "$one" ] && config=$one && break
    done
  fi
  context_flag=''
  [ "$context" = - ] || context_flag="--context=$context"
  [ "$config" = - ] || export KUBECONFIG="$config"
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
  while kill -0 "$server" 2>/dev/null; do # the write fails once nobody listens, and ends this
    echo alive || exit 0
    sleep 2
  done
  exit 6
}
main "$@"
