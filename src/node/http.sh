# Sends a request to a local HTTP port with the node's own tools, if sshd forbids forwarding. $1 http|https  $2 address  $3 port  $4 path
# Answers `status CODE`, `refused` (no listener), `broken` (a listener, but no HTTP answer) or `unknown`.

listens() { # PORT: does anything listen on it, on any address?
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port="$(printf ':%04X' "$1")" '
    $4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }'
}

by_curl() { # SCHEME PLACE PATH
  code=$(curl -gsk --noproxy '*' -m 5 -o /dev/null -w '%{http_code}' -- "$1://$2$3" 2>/dev/null)
  case $?:$code in
    *:[1-5][0-9][0-9]) echo "status $code" ;;
    7:*) echo refused ;; # could not connect: the listener uses another address
    *) echo broken ;;
  esac
}

by_openssl() { # PLACE PATH
  code=$(printf 'GET %s HTTP/1.0\r\nHost: node\r\n\r\n' "$2" | timeout 5 openssl s_client -quiet -connect "$1" 2>/dev/null |
    sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p')
  case $code in
    [1-5][0-9][0-9]) echo "status $code" ;;
    *) echo unknown ;;
  esac
}

main() {
  [ $# -eq 4 ] || exit 97
  case $2 in
    *:*) place="[$2]:$3" ;;
    *) place=$2:$3 ;;
  esac
  if [ ! -r /proc/net/tcp ]; then
    echo unknown
  elif ! listens "$3"; then
    echo refused
  elif command -v curl >/dev/null 2>&1; then
    by_curl "$1" "$place" "$4"
  elif [ "$1" = https ] && command -v openssl >/dev/null 2>&1; then
    by_openssl "$place" "$4"
  else
    echo unknown
  fi
}
main "$@"
