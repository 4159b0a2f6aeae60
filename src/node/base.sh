# Shared by several node programs: text as base64, the first line of a file, the boot mark, the state of a change.
# The first of the parts that make up a program.

# Not every base64 omits line ends by default.
case $(printf x | base64 -w 0 2>/dev/null) in
  eA==) one_line=-w0 ;;
  *) one_line= ;;
esac
b64() { if [ -n "$one_line" ]; then base64 "$one_line"; else base64 | tr -d '\n'; fi; }
b64_of() { printf '%s' "$1" | b64; }

line_of() { # FILE: its first line, or nothing
  line=
  { IFS= read -r line <"$1"; } 2>/dev/null || true
  printf '%s\n' "$line"
}

# Identifies this boot. Containers share the kernel's boot id, so the start time of their first process is part of it.
boot_mark() {
  printf '%s:%s\n' "$(cat /proc/sys/kernel/random/boot_id)" "$(sed 's/.*) //' /proc/1/stat | cut -d ' ' -f 20)"
}

# Seconds since the kernel started. Unlike the wall clock it never jumps, and it is only compared with itself.
now() {
  read -r up _ </proc/uptime
  printf '%s\n' "${up%%.*}"
}

ender_of() { # DIR of a change: who ended it, run or node; - if unknown, as in changes of older versions
  ender=
  { IFS= read -r _ && IFS= read -r ender; } 2>/dev/null <"$1/verdict" || true
  case $ender in
    run | node) printf '%s\n' "$ender" ;;
    *) echo - ;;
  esac
}

state_of() { # DIR of a change: its state; none if it has no state yet, unreadable if the state cannot be determined
  state=$(line_of "$1/state")
  case $state in
    prepared | armed | confirmed | reverting | reverted) ;;
    writing | applied) # a decided change stays decided even if the disk was too full to record the new state
      if [ -e "$1/decided-confirm" ]; then
        state=confirmed
      elif [ -e "$1/decided-revert" ]; then
        state=reverting
      fi
      ;;
    *) # do not report an unreadable state as none: the only copy of the old files may be here
      if [ -e "$1/state" ] || [ -L "$1/state" ]; then state=unreadable; else state=none; fi
      ;;
  esac
  printf '%s\n' "$state"
}
