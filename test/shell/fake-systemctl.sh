#!/bin/sh
# Stands for systemd: keeps the switch's timer in a file, knows one running kubelet, and fails where a test says so.
cat >/dev/null
printf '%s\n' "$*" >>"$PLACE/systemctl.log"
# Beginnings of calls that fail.
if [ -e "$PLACE/systemctl.fails" ]; then
  while IFS= read -r begin; do
    case $* in
      "$begin"*)
        echo 'Job failed.' >&2
        exit 1
        ;;
    esac
  done <"$PLACE/systemctl.fails"
fi
case $* in
  'restart kubelatch-switch.timer')
    span=$(sed -n 's/^OnActiveSec=\([0-9]*\)s$/\1/p' "$PLACE_UNITS/kubelatch-switch.timer")
    read -r up _ </proc/uptime
    printf 'ActiveState=active\nNextElapseUSecMonotonic=%ss\nActiveEnterTimestampMonotonic=%s000000\n' \
      "$((${up%%.*} + span))" "${up%%.*}" >"$PLACE/timer"
    ;;
  'stop kubelatch-switch.timer') rm -f "$PLACE/timer" ;;
  'is-active --quiet kubelatch-switch.timer') [ -e "$PLACE/timer" ] ;;
  'is-active '*) exit 3 ;;
  *kubelatch-switch.timer) cat "$PLACE/timer.says" 2>/dev/null || cat "$PLACE/timer" 2>/dev/null || printf 'ActiveState=inactive\n' ;;
  'restart -- kubelet.service')
    [ -e "$PLACE/unheard" ] || echo x >>"$PLACE/invocations"
    [ ! -e "$PLACE/slow" ] || exec sleep 30
    ;;
  'show -p InvocationID '*) wc -l 2>/dev/null <"$PLACE/invocations" || echo 0 ;;
  'show '*) cat "$PLACE/kubelet.says" 2>/dev/null || printf 'MainPID=4711\nActiveState=active\n' ;;
esac
