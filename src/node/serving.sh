# Asks the API server for a serving certificate of this node's kubelet, as the node itself. The key never leaves the node.
# $1 request|drop  $2 transaction id, then for request: CERT_DIR NODE KUBECONFIG DNS(names, by commas) IPS(by commas) USAGES(JSON strings, by
# commas). Answers with one line `result WORD [base64]`: requested CSR | present | unable WHY | dropped.

KEYS=$BASE/serving

answer() { # WORD [TEXT]
  echo "result $1 ${2:+$(b64_of "$2")}"
  exit 0
}

unable() { # WHY: nothing of the request stays behind
  drop_files
  answer unable "$1"
}

drop_files() {
  rm -f -- "$KEYS/$ID".*
  rmdir -- "$KEYS" 2>/dev/null || true
}

value_of() { # NAME: its one value in the kubeconfig; nothing if it has none; status 1 if it has several
  awk -v name="$1:" '
    { line = $0; sub(/^[ -]*/, "", line) }
    index(line, name) == 1 {
      value = substr(line, length(name) + 1); sub(/^[ \t]+/, "", value); sub(/[ \t\r]+$/, "", value)
      if (value ~ /^".*"$/ || value ~ /^\047.*\047$/) value = substr(value, 2, length(value) - 2)
      found++
    }
    END { if (found > 1) exit 1; if (found == 1) print value }' "$KUBECONFIG_FILE"
}

# NAME: sets file to where the kubeconfig's certificate or key is: in a file that it names, or in itself.
credential() {
  file=$(value_of "$1") || unable "$KUBECONFIG_FILE has several values for $1"
  if [ -n "$file" ]; then
    case $file in
      /*) ;;
      *) file=${KUBECONFIG_FILE%/*}/$file ;;
    esac
    [ -r "$file" ] || unable "$file, which $KUBECONFIG_FILE names, cannot be read"
    return
  fi
  data=$(value_of "$1-data") || unable "$KUBECONFIG_FILE has several values for $1-data"
  [ -n "$data" ] || unable "$KUBECONFIG_FILE has no $1"
  file=$KEYS/$ID.$1
  printf '%s' "$data" | base64 -d >"$file" 2>/dev/null || unable "$1-data in $KUBECONFIG_FILE is not base64"
}

# SERVER URL: sets host, port and prefix of its path
split_server() {
  case $1 in
    https://*) rest=${1#https://} ;;
    *) unable "the server in $KUBECONFIG_FILE is not an https address" ;;
  esac
  prefix=''
  case $rest in
    */*) prefix=/${rest#*/} rest=${rest%%/*} ;;
  esac
  prefix=${prefix%/} port=443
  case $rest in
    \[*\]:*) host=${rest%%]*} port=${rest##*]:} ;;
    \[*\]) host=${rest%]} ;;
    *:*) host=${rest%:*} port=${rest##*:} ;;
    *) host=$rest ;;
  esac
  host=${host#\[}
  case $host$prefix in
    '' | *[!A-Za-z0-9./:_-]*) unable "the server in $KUBECONFIG_FILE cannot be understood" ;;
  esac
  case $port in
    '' | *[!0-9]*) unable "the server in $KUBECONFIG_FILE cannot be understood" ;;
  esac
}

# Asks as the node; prints the status of the answer and its message.
post() { # BODY FILE
  credential certificate-authority && ca=$file
  credential client-certificate && certificate=$file
  credential client-key && key=$file
  case $host in
    *:*) place="[$host]" name="-verify_ip $host" ;;
    *[!0-9.]*) place=$host name="-verify_hostname $host -servername $host" ;;
    *) place=$host name="-verify_ip $host" ;;
  esac
  # shellcheck disable=SC2086 # the words of name
  {
    printf 'POST %s/apis/certificates.k8s.io/v1/certificatesigningrequests HTTP/1.0\r\nHost: %s\r\n' "$prefix" "$place:$port"
    printf 'Content-Type: application/json\r\nAccept: application/json\r\nContent-Length: %s\r\n\r\n' "$(wc -c <"$1")"
    cat "$1"
  } | timeout 20 openssl s_client -quiet -connect "$place:$port" $name -CAfile "$ca" -verify_return_error \
    -cert "$certificate" -key "$key" >"$KEYS/$ID.answer" 2>"$KEYS/$ID.said"
}

refusal() { # what an answer that is not 201 says
  message=$(tr -d '\r\n' <"$KEYS/$ID.answer" | sed -n 's/.*"message": *"\([^"]*\)".*/\1/p' | cut -c 1-300)
  if [ -n "$status" ]; then
    printf 'the API server refused the request: HTTP %s %s\n' "$status" "$message"
  else
    printf 'the API server did not answer the request: %s\n' "$(sed -n 's/.*error:[0-9A-Fa-f]*://p' "$KEYS/$ID.said" | head -n 1 | cut -c 1-200)"
  fi
}

make_request() { # NODE DNS IPS: the key and the PKCS#10 request
  names=$({ printf '%s\n' "$2" | tr ',' '\n' | sed 's/^/DNS:/' && printf '%s\n' "$3" | tr ',' '\n' | sed 's/^/IP:/'; } | grep -v ':$' | paste -s -d , -)
  {
    printf '[req]\nprompt = no\ndistinguished_name = subject\nreq_extensions = extensions\n'
    printf '[subject]\nO = system:nodes\nCN = system:node:%s\n' "$1"
    printf '[extensions]\nsubjectAltName = %s\n' "$names"
  } >"$KEYS/$ID.cnf"
  openssl ecparam -name prime256v1 -genkey -noout -out "$KEYS/$ID.key" 2>"$KEYS/$ID.said" || no_request
  openssl req -new -sha256 -config "$KEYS/$ID.cnf" -key "$KEYS/$ID.key" -out "$KEYS/$ID.csr" 2>"$KEYS/$ID.said" || no_request
}

no_request() {
  unable "openssl cannot make the request: $(tail -n 1 "$KEYS/$ID.said" | cut -c 1-200)"
}

request() { # CERT_DIR NODE KUBECONFIG DNS IPS USAGES
  [ $# -eq 6 ] || exit 97
  case $2$4$5 in
    *[!A-Za-z0-9.,:_-]*) exit 97 ;;
  esac
  KUBECONFIG_FILE=$3
  command -v openssl >/dev/null 2>&1 || answer unable 'openssl is not installed on the node'
  current=$1/kubelet-server-current.pem
  if [ -e "$current" ] || [ -L "$current" ]; then
    openssl x509 -in "$current" -noout -checkend 3600 >/dev/null 2>&1 && answer present
    answer unable "$current is there, but has expired or cannot be read"
  fi
  for file in "$1/kubelet-server.crt" "$1/kubelet-server.key"; do
    if [ -e "$file" ] || [ -L "$file" ]; then answer unable "$file is there already"; fi
  done
  problem=$(unsafe_folder "$KEYS")
  [ -z "$problem" ] || answer unable "$problem"
  # Nobody needs the keys of runs that died.
  rm -rf -- "$KEYS" 2>/dev/null
  mkdir -p -- "$KEYS" 2>/dev/null || answer unable "cannot make $KEYS"
  [ -r "$3" ] || unable "$3 cannot be read"
  server=$(value_of server) || unable "$3 names several API servers"
  split_server "$server"
  make_request "$2" "$4" "$5"
  printf '{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"generateName":"kubelatch-"},' >"$KEYS/$ID.json"
  printf '"spec":{"signerName":"kubernetes.io/kubelet-serving","usages":[%s],"request":"%s"}}' "$6" "$(b64 <"$KEYS/$ID.csr")" >>"$KEYS/$ID.json"
  post "$KEYS/$ID.json"
  status=$(sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p' "$KEYS/$ID.answer")
  [ "$status" = 201 ] || unable "$(refusal)"
  made=$(cat "$KEYS/$ID.csr")
  for file in "$KEYS/$ID".*; do
    case $file in
      *.key) ;;
      *) rm -f -- "$file" ;;
    esac
  done
  answer requested "$made"
}

drop() {
  drop_files
  answer dropped
}

main() {
  [ $# -ge 2 ] || exit 97
  verb=$1 ID=$2
  shift 2
  case $ID in
    '' | *[!A-Za-z0-9-]*) exit 97 ;;
  esac
  umask 077
  case $verb in
    request | drop) "$verb" "$@" ;;
    *) exit 97 ;;
  esac
}
main "$@"
