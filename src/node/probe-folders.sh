# Which files to read, for the probe: those in folders, and those that the text of others names.

# shellcheck disable=SC2046,SC2086,SC2154 # lists, one entry per line
# Limits on the number of files in a folder and on their total bytes.
FOLDER_FILES=200 FOLDER_BYTES=1048576
# What to read, and what was named in text: to read, to look at.
read_list='' named='' looked=''

also_read() { # PATHS, one per line
  read_list=$read_list$NL$1
}

# For flags and fields that name paths to read ($3) or to look at ($4): `read PATH` or `look PATH` for absolute paths in --name=PATH,
# --name PATH and name: PATH, in TEXT and the files that follow.
references() { # TEXT FILES READ LOOK
  IFS=$NL
  set -- "$1" "$3" "$4" $2
  unset IFS
  text=$1 read=$2 look=$3
  shift 3
  awk -v read="$read" -v look="$look" '
    BEGIN {
      n = split(read, list, " "); for (i = 1; i <= n; i++) known["read " list[i]] = 1
      n = split(look, list, " "); for (i = 1; i <= n; i++) known["look " list[i]] = 1
    }
    function tell(key, path) {
      if (path !~ /^\//) return
      if (("read " key) in known) print "read " path
      if (("look " key) in known) print "look " path
    }
    {
      gsub(/["\047,{}]/, " ")
      sub(/^[ \t]+/, "")
      count = split($0, word, /[ \t=]+/)
      if (pending != "") tell(pending, word[1])
      pending = ""
      for (i = 1; i <= count; i++) {
        key = word[i]
        sub(/^--?/, "", key)
        sub(/:$/, "", key)
        if (i == count) pending = key
        else tell(key, word[i + 1])
      }
    }' - "$@" <<TEXT
$text
TEXT
}

# find_named PATHS TEXT READ LOOK: adds what the files that may be read and TEXT name, to named and looked.
find_named() {
  files='' others=''
  IFS=$NL
  for one in $1; do
    case $readable in
      *"$NL$one "*)
        real=${readable#*"$NL$one "}
        files=$files$NL${real%%"$NL"*}
        ;;
      *) others=$others$NL$one ;;
    esac
  done
  unset IFS
  text=$2
  [ -z "$others" ] || text=$text$NL$(contents_of "$others")
  [ -n "$files$text" ] || return 0
  # A file that is removed meanwhile makes some programs give up.
  found=$(references "$text" "$files" "$3" "$4" 2>/dev/null) ||
    found=$(references "$2$NL$(contents_of "$1")" '' "$3" "$4")
  IFS=$NL
  for one in $found; do
    case $one in
      'read '*) ! among "${one#read }" "$named" && named=$named$NL${one#read } ;;
      *) ! among "${one#look }" "$looked" && looked=$looked$NL${one#look } ;;
    esac
  done
  unset IFS
}

# list_folders DIRS, one per line: adds the files in those that are folders to what to read, including links to /dev/null. A kubelet
# does not follow a link to a folder and fails on a broken link, so links are reported too, except in sysctl.d, where they have no
# effect. A folder above the limits is reported as such and left out.
list_folders() {
  dirs='' count=0
  IFS=$NL
  for one in $1; do
    [ -d "$one" ] || continue
    case $one in
      [!/]* | *[!\!-~]*) list_folder "$one" ;;
      *) dirs=$dirs$NL$one count=$((count + 1)) ;;
    esac
    IFS=$NL
  done
  unset IFS
  [ -n "$dirs" ] || return 0
  list_at_once || for one in $dirs; do list_folder "$one"; done
}

# Lists all dirs together; fails where one holds too much, a link to a folder or an odd name.
list_at_once() {
  most=$((count * FOLDER_FILES))
  IFS=$NL
  entries=$(timeout 5 find -H $dirs -maxdepth 3 \( -type f -o -type c -o -type l \) 2>/dev/null | head -n $((most + 1)))
  set -- $entries
  unset IFS
  [ $# -le "$most" ] || return
  found='' files=''
  for one; do
    case $one in
      *[!\!-~]*) return 1 ;;
    esac
    if [ -f "$one" ] || [ -c "$one" ]; then
      files=$files$NL$one
    elif [ -d "$one" ]; then
      return 1
    else
      case $one in
        */sysctl.d/*) ;;
        *) found=$found$NL$one ;;
      esac
    fi
  done
  [ -z "$files" ] || within_limits || return
  also_read "$files$found"
}

within_limits() { # of each of dirs, the number of files and their bytes
  IFS=$NL
  set -- $files
  asked=$#
  set -- $(stat -L -c %s -- $files 2>/dev/null)
  unset IFS
  [ $# -eq "$asked" ] || return
  for dir in $dirs; do
    number=0 bytes=0 at=0
    for one in $files; do
      at=$((at + 1))
      case $one in
        "$dir"/*) number=$((number + 1)) ;;
        *) continue ;;
      esac
      eval "bytes=\$((bytes + \${$at}))"
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
