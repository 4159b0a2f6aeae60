# Sends the texts of files that only root can change, for the probe.

# shellcheck disable=SC2034,SC2086,SC2094,SC2154 # lists, one entry per line; the other parts

# send_all: reports in `text` lines whose texts follow, and then these texts in one base64, each followed by the boot id and a newline.
# Texts that are not of these files come first.
send_all() {
  IFS=$NL
  set -- $sendable
  safe_folders='' secret=''
  if [ $# -gt 0 ]; then
    secret=$(secrets_among)
    [ $? -le 1 ] || send_each
  fi
  for one in $sendable; do
    name=${one%% *}
    if [ -n "$secret" ] && among "${one#* }" "$secret"; then
      echo "secret =$name"
    else
      echo "text =$name"
    fi
  done
  echo bulk
  send_texts 2>/dev/null | base64
  unset IFS
  echo .
}

secrets_among() { # prints those of sendable that hold one; the status is that of grep
  set --
  for one in $sendable; do set -- "$@" "${one#* }"; done
  exec grep -lsE "$SECRETS" -- "$@"
}

send_texts() {
  set -- $texts
  for one in $sendable; do
    if [ -z "$secret" ] || ! among "${one#* }" "$secret"; then set -- "$@" "${one#* }" "$BOOT_ID"; fi
  done
  [ $# -eq 0 ] || exec head -q -c "$cap" -- "$@"
}

# Without a grep that can tell, each file is judged alone.
send_each() {
  for one in $sendable; do
    unset IFS
    name=${one%% *}
    send "=$name" "$name" 2>/dev/null <"$name" || echo "unreadable =$name"
    IFS=$NL
  done
  sendable=''
}
