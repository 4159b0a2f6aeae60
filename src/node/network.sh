# Reports this node's own addresses, the plugins of its CNI configuration, and whether kube-router filters here.
# $1 ... folders of CNI configuration, the first one that holds any counts. Ends with `end`.

# `address INTERFACE ADDRESS`. All versions of iproute2 and busybox have -o, but not -j.
by_ip() {
  ip -o addr show 2>/dev/null | awk '$3 == "inet" || $3 == "inet6" { sub("/.*", "", $4); print "address", $2, $4 }'
}

# The kernel's own tables; they name no interface of an IPv4 address.
by_proc() {
  awk '$1 == "|--" || $1 == "+--" { one = $2 } $2 == "host" && $3 == "LOCAL" { print "address - " one }' \
    /proc/net/fib_trie 2>/dev/null | sort -u
  awk '{
    text = ""
    for (at = 1; at <= 32; at += 4) text = text (at > 1 ? ":" : "") substr($1, at, 4)
    print "address", $6, text
  }' /proc/net/if_inet6 2>/dev/null
}

by_hostname() {
  for one in $(hostname -I 2>/dev/null); do echo "address - $one"; done
}

plugins() { # FOLDER ...
  for folder in "$@"; do
    for file in "$folder"/*.conf "$folder"/*.conflist "$folder"/*.json; do
      [ -f "$file" ] && echo "$file"
    done | LC_ALL=C sort | head -n 1
  done | head -n 1 | while IFS= read -r file; do
    head -c 65536 "$file" | awk '{ gsub(/[,{}]/, "\n"); print }' |
      sed -n 's/^.*"type"[[:space:]]*:[[:space:]]*"\([A-Za-z0-9._-]\{1,64\}\)".*$/plugin \1/p'
  done
}

main() {
  found=
  for way in by_ip by_proc by_hostname; do
    found=$($way)
    [ -z "$found" ] || break
  done
  [ -z "$found" ] || printf '%s\n' "$found"
  plugins "$@"
  if iptables -w 1 -S KUBE-ROUTER-INPUT >/dev/null 2>&1; then echo 'chain KUBE-ROUTER-INPUT'; fi
  echo end
}
main "$@"
