# Asks a local HTTP port with what the node has; for nodes whose sshd forbids forwarding. $1 http|https  $2 host  $3 port  $4 path
# Answers `status CODE`, `refused` (nobody listens) or `unknown`.

listens() { # PORT: does anybody listen on it, on any address?
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port="$(printf ':%04X' "$1")" '
    $4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }'
}

main() {
  [ $# -eq 4 ] || exit 97
  [ -r /proc/net/tcp ] || {
    echo unknown
    return
  }
  if ! listens "$3"; then
    echo refused
    return
  fi
  code=
  if command -v curl >/dev/null 2>&1; then
    code=$(curl -gsk -m 5 -o /dev/null -w '%{http_code}' -- "$1://$2:$3$4" 2>/dev/null)
  elif [ "$1" = https ] && command -v openssl >/dev/null 2>&1; then
    code=$(printf 'GET %s HTTP/1.0\r\nHost: node\r\n\r\n' "$4" | timeout 5 openssl s_client -quiet -connect "$2:$3" 2>/dev/null |
      sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p')
  fi
  case $code in
    [1-5][0-9][0-9]) echo "status $code" ;;
    *) echo unknown ;;
  esac
}
main "$@"
