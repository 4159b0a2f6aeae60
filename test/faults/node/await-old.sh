#!/bin/bash
# Runs inside a lab node: waits until its change is decided and ended. Says "old UPTIME" once it was decided against, every old file is
# back and the kubelet runs by them: it serves its old read-only port, or, a true kubelet, was started since. (Version 1.20 waits five
# seconds for a Docker that is not there before it serves anything; that it does serve is looked at in the end.) Last
# "settled UPTIME" or "confirmed UPTIME", "unsettled UPTIME" when time was up.
# $1 seconds  $2 address  $3... "SHA PATH", - for a file that must not exist
patience=$1 address=$2
shift 2

# now: sets up, in seconds of the machine's uptime
now() { read -r up _ </proc/uptime; }
now
end=$((${up%.*} + patience))
exec {pause}<> <(:)
read -r kind </opt/planted/kind
back='' # since when the old files are seen there, in hundredths of a second

# look: sets pending (not ended yet), decided (not for the new files) and confirmed
look() {
  local state word
  pending='' decided=yes confirmed=''
  for state in /var/lib/kubelatch/txn/*/state; do
    [ -e "$state" ] || continue
    read -r word <"$state"
    [ ! -e "${state%/state}/decided-confirm" ] || word=confirmed
    case $word in
      armed | writing | applied)
        pending=yes
        [ ! -e "${state%/state}/undecided" ] || decided=
        ;;
      reverting) pending=yes ;;
      confirmed) confirmed=yes ;;
    esac
  done
}

old() {
  local file
  for file; do
    case $file in
      '- '*) [ ! -e "${file#* }" ] || return 1 ;;
      *) [ "$(sha256sum <"${file#* }")" = "${file%% *}  -" ] || return 1 ;;
    esac
  done 2>/dev/null
  back=${back:-${up/./}}
  (exec 3<>"/dev/tcp/$address/10255") 2>/dev/null || { [ "$kind" = real ] && started; }
}

# started: a kubelet that began when the files were back; looks are some tenths of a second apart
started() {
  local stat line fields
  for stat in /proc/[0-9]*/stat; do
    { read -r line <"$stat"; } 2>/dev/null || continue
    [[ $line == *' (kubelet) '* ]] || continue
    # What follows the name; the time of the start is the 22nd of all, in hundredths of a second.
    read -ra fields <<<"${line##*) }"
    [ "${fields[19]}" -lt $((back - 100)) ] || return 0
  done
  return 1
}

seen=
until [ "${up%.*}" -gt "$end" ]; do
  look
  if [ -z "$pending" ] && [ -n "$confirmed" ]; then
    now
    echo "confirmed $up"
    exit
  fi
  if [ -z "$seen" ] && [ -n "$decided" ] && old "$@"; then
    seen=yes
    now
    echo "old $up"
  fi
  if [ -n "$seen" ] && [ -z "$pending" ]; then
    echo "settled $up"
    exit
  fi
  # Waits without starting a process.
  read -r -t 0.2 -u "$pause" || true
  now
done
echo "unsettled $up"
