# How the probe writes its answer, and lists with one entry per line.

# Set by word, in which any text is one word.
word=''

# word TEXT: TEXT itself after a =, or with % for each blank after a ~. Other text takes processes: it is base64 with a . at its end.
word() {
  case $1 in
    *[!\ -~]* | *%*\ * | *\ *%*) word=$(b64_of "$1"). ;;
    *\ *)
      word="~${1%%\ *}" tail=${1#*\ }
      while [ "${tail#*\ }" != "$tail" ]; do
        word="$word%${tail%%\ *}" tail=${tail#*\ }
      done
      word="$word%$tail"
      ;;
    *) word="=$1" ;;
  esac
}

among() { # LINE LINES
  case "$NL$2$NL" in
    *"$NL$1$NL"*) return 0 ;;
  esac
  return 1
}

# expand PATTERN: sets matched to the paths that it matches, one per line.
expand() {
  matched=''
  IFS=
  set +f
  for match in $1; do
    if [ -e "$match" ] || [ -L "$match" ]; then matched="$matched$NL$match"; fi
  done
  set -f
  unset IFS
  matched=${matched#"$NL"}
}

# like TEXT PATTERNS: whether TEXT matches one of them; a pattern has at most one star.
like() {
  for one in $2; do
    start=${one%%\**} end=${one#*\*}
    case $1 in
      "$one") return 0 ;;
      "$start"*"$end") [ "$one" = "$start" ] || return 0 ;;
    esac
  done
  return 1
}
