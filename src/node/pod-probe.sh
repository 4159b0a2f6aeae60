# Runs in a pod, with the image's own tools: sends a GET without credentials to each place, and says what came back.
# Arguments: `SCHEME HOST PORT PATH` as one word each, where HOST has brackets around an IPv6 address.
# Answers one line each: `HOST PORT PATH status CODE`, `... refused`, `... timeout`, `... broken` or `... unknown`; at the end `done`.

with_curl() { # URL
  code=$(curl -gsk --noproxy '*' --connect-timeout 3 -m 5 -o /dev/null -w '%{http_code}' -- "$1" 2>/dev/null)
  case $?:$code in
    *:[1-5][0-9][0-9]) echo "status $code" ;;
    7:*) echo refused ;;
    28:*) echo timeout ;;
    *) echo broken ;;
  esac
}

# The wget of busybox has no exit code for each error, so its messages are compared.
with_wget() { # URL
  said=$(wget -T 4 -S -O /dev/null --no-check-certificate "$1" 2>&1)
  ended=$?
  code=$(printf '%s\n' "$said" | sed -n 's/.*HTTP\/[0-9.]* \([1-5][0-9][0-9]\).*/\1/p' | head -n 1)
  case $ended:$code:$said in
    *:[1-5][0-9][0-9]:*) echo "status $code" ;;
    0:*) echo 'status 200' ;;
    *'onnection refused'*) echo refused ;;
    *'timed out'* | *'No route'* | *'nreachable'*) echo timeout ;;
    *) echo broken ;;
  esac
}

ask() { # SCHEME HOST PORT PATH
  if command -v curl >/dev/null 2>&1; then
    reply=$(with_curl "$1://$2:$3$4")
  elif command -v wget >/dev/null 2>&1; then
    reply=$(with_wget "$1://$2:$3$4")
  else
    reply=unknown
  fi
  echo "$2 $3 $4 $reply"
}

main() {
  [ $# -ge 1 ] || exit 97
  for place in "$@"; do
    # shellcheck disable=SC2086 # four words
    ask $place
  done
  server=${KUBERNETES_SERVICE_HOST:-none}
  case $server in *:*) server="[$server]" ;; esac
  ask https "$server" "${KUBERNETES_SERVICE_PORT:-443}" /version
  echo 'done'
}
main "$@" >"${ANSWER:-/dev/termination-log}"
