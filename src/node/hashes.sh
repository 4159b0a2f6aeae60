# Prints the SHA-256 of each named file, one per line; - for a file that cannot be read.
main() {
  for path; do
    sum=-
    { sum=$(sha256sum <"$path"); } 2>/dev/null || sum=-
    echo "sum ${sum%% *}"
  done
  echo end
}
main "$@"
