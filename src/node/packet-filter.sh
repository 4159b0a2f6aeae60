# The packet filter that keeps pods from the kubelet: whether its table in effect is that of its file. Changes nothing.
# A part of the probe and of filter.sh.

# same, different, missing (the file is not loaded), absent (there is no file), or unable
packet_filter() {
  [ -e "$FILTER" ] || {
    echo absent
    return
  }
  if ! live=$(timeout 10 "$NFT" -s list table inet kubelatch 2>/dev/null); then
    if timeout 10 "$NFT" list tables >/dev/null 2>&1; then echo missing; else echo unable; fi
    return
  fi
  # What nft itself makes of the file, in a network namespace that nobody else has.
  # shellcheck disable=SC2016 # for the shell inside
  said=$(timeout 10 unshare -n -- sh -c '"$1" -f "$2" && "$1" -s list table inet kubelatch' sh "$NFT" "$FILTER" 2>/dev/null) || {
    echo unable
    return
  }
  if [ "$live" = "$said" ]; then echo same; else echo different; fi
}
