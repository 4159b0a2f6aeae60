# Which files to read, for the probe: those in folders, and those that the text of others names.

# shellcheck disable=SC2046,SC2086,SC2154 # lists, one entry per line
# Limits on the number of files in a folder and on their total bytes.
FOLDER_FILES=200 FOLDER_BYTES=1048576
# What to read; what was named in text to read, what those files name to read, and what was named to look at; the files named in text
# whose own text was searched.
read_list='' named='' deeper='' looked='' scanned=''

also_read() { # PATHS, one per line
  read_list=$read_list$NL$1
}

# references PATHS TEXT READ LOOK: for flags and fields that name paths to read or to look at, prints `read PATH` or `look PATH` for the
# absolute paths in --name=PATH, --name PATH and name: PATH, in TEXT and in those of the files PATHS that are in readable; `odd PATH` for
# the others. Where a path to read is in readable, its text is searched as well: `in PATH`, and `deep PATH` for what it names to read.
references() {
  exec awk -v read="$3" -v look="$4" '
    BEGIN {
      n = split(read, list, " "); for (i = 1; i <= n; i++) known["read " list[i]] = 1
      n = split(look, list, " "); for (i = 1; i <= n; i++) known["look " list[i]] = 1
    }
    function tell(key, path) {
      if (path !~ /^\//) return
      if (("look " key) in known) print "look " path
      if (!(("read " key) in known)) return
      print (inner ? "deep " : "read ") path
      if (!inner && (path in real) && !seen[path]++) named[++count] = path
    }
    function scan(line, i, n, word, key) {
      gsub(/["\047,{}]/, " ", line)
      sub(/^[ \t]+/, "", line)
      n = split(line, word, /[ \t=]+/)
      if (pending != "") tell(pending, word[1])
      pending = ""
      for (i = 1; i <= n; i++) {
        key = word[i]
        sub(/^--?/, "", key)
        sub(/:$/, "", key)
        if (i == n) pending = key
        else tell(key, word[i + 1])
      }
    }
    function search(path, line) {
      pending = ""
      while ((getline line < path) > 0) scan(line)
      close(path)
    }
    # Three parts, the first two ended by a line that is no path.
    part < 2 && $0 == "." { part++; next }
    part == 0 { at = index($0, " "); if (at) real[substr($0, 1, at - 1)] = substr($0, at + 1); next }
    part == 1 { if ($0 != "") paths[++asked] = $0; next }
    { scan($0) }
    END {
      for (i = 1; i <= asked; i++) {
        if (paths[i] in real) search(real[paths[i]])
        else print "odd " paths[i]
      }
      inner = 1
      for (at = 1; at <= count; at++) {
        print "in " named[at]
        search(real[named[at]])
      }
    }' <<TEXT
$readable
.
$1
.
$2
TEXT
}

# find_named PATHS TEXT READ LOOK: adds what TEXT and the files that may be read name to named, deeper, looked and scanned.
find_named() {
  [ -n "$1$2" ] || return 0
  odd=''
  take_found "$(references "$1" "$2" "$3" "$4" 2>/dev/null)"
  [ -z "$odd" ] || take_found "$(references '' "$(contents_of "$odd")" "$3" "$4")"
}

take_found() { # FOUND: as references prints it
  IFS=$NL
  for one in $1; do
    path=${one#* }
    case $one in
      'odd '*) odd=$odd$NL$path ;;
      'in '*) scanned=$scanned$NL$path ;;
      'deep '*) among "$path" "$deeper" || deeper=$deeper$NL$path ;;
      'read '*) among "$path" "$named" || named=$named$NL$path ;;
      *) among "$path" "$looked" || looked=$looked$NL$path ;;
    esac
  done
  unset IFS
}

# list_folders DIRS, one per line: sets listed to the files in those that are folders, and dirs to these folders; adds files that cannot
# be in a batch to what to read. Links to /dev/null are files. A kubelet does not follow a link to a folder and fails on a broken link, so
# links are reported too, except in sysctl.d, where they have no effect. A folder above the limits is reported as such and left out.
list_folders() {
  dirs='' listed='' listed_count=0 count=0
  IFS=$NL
  for one in $1; do
    unset IFS
    [ -d "$one" ] || continue
    case $one in
      [!/]* | *[!\!-~]*) list_folder "$one" ;;
      *) dirs=$dirs$NL$one count=$((count + 1)) ;;
    esac
  done
  unset IFS
  if [ -n "$dirs" ] && ! list_at_once; then
    list_each
    also_read "$each"
  fi
}

list_each() { # each of dirs by itself; sets each to the files found
  before=$read_list read_list=''
  for one in $dirs; do list_folder "$one"; done
  each=$read_list read_list=$before dirs='' listed='' listed_count=0
}

# Lists all dirs together; fails where one holds too much, a link to a folder or an odd name.
list_at_once() {
  most=$((count * FOLDER_FILES))
  IFS=$NL
  entries=$(timeout 5 find -H $dirs -maxdepth 3 \( -type f -o -type c -o -type l \) 2>/dev/null | head -n $((most + 1)))
  set -- $entries
  unset IFS
  [ $# -le "$most" ] || return
  for one; do
    case $one in
      *[!\!-~]*) return 1 ;;
    esac
    if [ -f "$one" ] || [ -c "$one" ]; then
      listed=$listed$NL$one listed_count=$((listed_count + 1))
    elif [ -d "$one" ]; then
      return 1
    else
      case $one in
        */sysctl.d/*) ;;
        *) also_read "$one" ;;
      esac
    fi
  done
}

# within_limits STAT...: of each of dirs, the number of files and their bytes. The lines are those of names.
within_limits() {
  for dir in $dirs; do
    number=0 bytes=0 at=0
    for name in $names; do
      at=$((at + 1))
      case $name in
        "$dir"/*) ;;
        *) continue ;;
      esac
      eval "size=\${$at}"
      size=${size#* * * * }
      number=$((number + 1)) bytes=$((bytes + ${size%% *}))
    done
    [ "$number" -le "$FOLDER_FILES" ] && [ "$bytes" -le "$FOLDER_BYTES" ] || return
  done
}

list_folder() { # DIR
  inside=$(timeout 5 find -L "$1" -maxdepth 3 \( -type f -o -type c \) 2>/dev/null | head -n $((FOLDER_FILES + 1)))
  case $1 in
    */sysctl.d) ;;
    *) inside=$inside$NL$(timeout 5 find -H "$1" -maxdepth 3 -type l 2>/dev/null | head -n $((FOLDER_FILES + 1))) ;;
  esac
  # A link to a file is in both lists.
  inside=$(printf '%s\n' "$inside" | sort -u)
  crowd=$(crowded "$inside")
  if [ -n "$crowd" ]; then
    word "$1"
    dir=$word
    word "$crowd"
    echo "crowded $dir $word"
  else
    also_read "$inside"
  fi
}

crowded() ( # PATHS, one per line: prints why they exceed the limits; nothing if they do not
  IFS=$NL
  set -- $1
  [ $# -gt 0 ] || exit
  if [ $# -gt "$FOLDER_FILES" ]; then
    echo "holds more than $FOLDER_FILES files"
  else
    stat -L -c %s -- "$@" 2>/dev/null | awk -v most="$FOLDER_BYTES" '
      { sum += $1 }
      END { if (sum > most) print "holds more than " most / 1024 " KiB" }'
  fi
)
