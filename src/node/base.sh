# Shared by several node programs: text as base64, the first line of a file, the boot mark, the state of a change.
# The first of the parts that make up a program.

# shellcheck disable=SC2034 # the parts of the probe use it
NL='
'

# Not every base64 can omit line ends.
b64() { base64 | tr -d '\n'; }
b64_of() { printf '%s' "$1" | b64; }

read_line() { # FILE: sets line to its first line, or to nothing
  line=
  { IFS= read -r line <"$1"; } 2>/dev/null || true
}
line_of() { # FILE: prints its first line
  read_line "$1"
  printf '%s\n' "$line"
}

# Identifies this boot. Containers share the kernel's boot id, so the start time of their first process is part of it.
boot_mark() {
  read_line /proc/1/stat
  started=${line##*) }
  read_line /proc/sys/kernel/random/boot_id
  # shellcheck disable=SC2086 # fields
  set -- $started
  printf '%s:%s\n' "$line" "${20}"
}

# Seconds since the kernel started. Unlike the wall clock it never jumps, and it is only compared with itself.
now() {
  read -r up _ </proc/uptime
  printf '%s\n' "${up%%.*}"
}

read_ender() { # DIR of a change: sets ender to who ended it, run or node; to - if unknown, as in changes of older versions
  ender=
  { IFS= read -r _ && IFS= read -r ender; } 2>/dev/null <"$1/verdict" || true
  case $ender in
    run | node) ;;
    *) ender=- ;;
  esac
}

# read_state DIR of a change: sets state; none if it has no state yet, unreadable if the state cannot be determined.
read_state() {
  read_line "$1/state"
  state=$line
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
}
state_of() { # DIR: prints its state
  read_state "$1"
  printf '%s\n' "$state"
}
