# shellcheck shell=bash
# A true k3s or RKE2 in place of the lab's own, where KUBELATCH_LAB_K3S or KUBELATCH_LAB_RKE2 names its program; sourced by up.sh.
# Untried: written from the products' documents, on a machine that has neither.

LAB_PRODUCT='' LAB_PRODUCT_FILE='' LAB_PRODUCT_VERSION=''

# find_product NODE:SHAPE...: says which true product the environment names, and ends with one line where that cannot work
find_product() {
  local said node generation=new
  [ -z "${KUBELATCH_LAB_K3S:-}" ] || [ -z "${KUBELATCH_LAB_RKE2:-}" ] ||
    fail "KUBELATCH_LAB_K3S and KUBELATCH_LAB_RKE2 are both set" "a lab has one API server: name one of them"
  [ -z "${KUBELATCH_LAB_K3S:-}" ] || LAB_PRODUCT=k3s LAB_PRODUCT_FILE=$KUBELATCH_LAB_K3S
  [ -z "${KUBELATCH_LAB_RKE2:-}" ] || LAB_PRODUCT=rke2 LAB_PRODUCT_FILE=$KUBELATCH_LAB_RKE2
  # It concerns k3s and RKE2 nodes alone.
  [[ $* =~ :(k3s|rke2)- ]] || LAB_PRODUCT=''
  [ -n "$LAB_PRODUCT" ] || return 0
  if ! [ -f "$LAB_PRODUCT_FILE" ] || ! [ -x "$LAB_PRODUCT_FILE" ]; then
    fail "KUBELATCH_LAB_${LAB_PRODUCT^^}=$LAB_PRODUCT_FILE is not a program" "give the path of the $LAB_PRODUCT executable"
  fi
  said=$(timeout 30 "$LAB_PRODUCT_FILE" --version 2>&1 </dev/null | head -n 1 | tr -d '\0' || true)
  [[ $said =~ ^$LAB_PRODUCT\ version\ (v1\.([0-9]+)\.[0-9]+[^ ]*) ]] ||
    fail "KUBELATCH_LAB_${LAB_PRODUCT^^}=$LAB_PRODUCT_FILE is no $LAB_PRODUCT: asked for its version it says '${said:0:80}'" \
      "a $LAB_PRODUCT says '$LAB_PRODUCT version v1.MINOR.PATCH+...'"
  LAB_PRODUCT_VERSION=${BASH_REMATCH[1]}
  [ "${BASH_REMATCH[2]}" -ge 32 ] || generation=old
  for node; do
    case $generation-${node#*:} in
      new-"$LAB_PRODUCT"-*-old | new-"$LAB_PRODUCT"-*-old@*)
        fail "$node is before 1.32, and $LAB_PRODUCT_FILE is $LAB_PRODUCT_VERSION" "leave -old away"
        ;;
      old-"$LAB_PRODUCT"-*-old | old-"$LAB_PRODUCT"-*-old@* | new-"$LAB_PRODUCT"-*) ;;
      old-"$LAB_PRODUCT"-*) fail "$node is from 1.32 on, and $LAB_PRODUCT_FILE is $LAB_PRODUCT_VERSION" "add -old" ;;
      *) fail "$node cannot join the cluster of a true $LAB_PRODUCT" "name $LAB_PRODUCT nodes only" ;;
    esac
  done
  [[ $* =~ :$LAB_PRODUCT-server ]] || fail "no node is a server that the agents could join" "add one: s1:$LAB_PRODUCT-server"
  [ "$LAB_PRODUCT" = k3s ] || [ -d "${KUBELATCH_LAB_IMAGES:-}" ] ||
    fail "a true RKE2 runs etcd and the API server from images, and the lab has no way out" \
      "KUBELATCH_LAB_IMAGES names the folder with its rke2-images archive"
  say "the $LAB_PRODUCT nodes run $LAB_PRODUCT_FILE, $LAB_PRODUCT_VERSION"
}

# take_api_of_product: the lab's API server is the first server's own, once it has written its kubeconfig
take_api_of_product() {
  local first node text deadline=$((SECONDS + 300))
  first=$(servers_of "$LAB_PRODUCT" '' | head -n 1)
  first=${first:-$(servers_of "$LAB_PRODUCT" -old | head -n 1)}
  node=$(awk -v address="$first" '$1 == address { print $2 }' "$LAB_STATE/hosts")
  until text=$("$LAB_HERE/enter.sh" "$node" "cat /etc/rancher/$LAB_PRODUCT/$LAB_PRODUCT.yaml" 2>/dev/null); do
    [ "$SECONDS" -lt "$deadline" ] || fail "$node wrote no kubeconfig in 300 s" "$LAB_HERE/enter.sh $node 'journalctl -n 50'"
    sleep 2
  done
  (umask 077 && printf '%s\n' "${text//127.0.0.1/$first}" >"$LAB_STATE/kubeconfig")
  text=$("$LAB_STATE/kubectl" --kubeconfig "$LAB_STATE/kubeconfig" config view --raw -o json)
  echo "$first" >"$LAB_STATE/api/address"
  jq -r '.clusters[0].cluster["certificate-authority-data"] | @base64d' <<<"$text" >"$LAB_STATE/api/ca.crt"
  jq -r '.users[0].user["client-certificate-data"] | @base64d' <<<"$text" >"$LAB_STATE/api/admin.crt"
  (umask 077 && jq -r '.users[0].user["client-key-data"] | @base64d' <<<"$text" >"$LAB_STATE/api/admin.key")
}
