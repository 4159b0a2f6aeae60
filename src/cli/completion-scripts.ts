/** The scripts that a shell reads once: each hands the words of a command line to `kubelatch complete`. */

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export const completionScripts: Readonly<Record<Shell, string>> = {
  bash: `# Completion of kubelatch for bash: source <(kubelatch completion bash)
_kubelatch() {
  local IFS=$'\\n' line cur=\${COMP_LINE:0:COMP_POINT}
  local -a words
  # Bash splits words at ":" and "=", which stand in patterns such as role:worker.
  IFS=$' \\t' read -ra words <<<"$cur"
  [[ $cur == *[[:space:]] ]] && words+=('')
  local last=\${words[\${#words[@]}-1]}
  local cut=''
  [[ $last == *[:=]* ]] && cut=\${last%"\${last##*[:=]}"}
  COMPREPLY=()
  while IFS= read -r line; do
    line=\${line%%$'\\t'*}
    COMPREPLY+=("\${line#"$cut"}")
  done < <("\${words[0]}" complete -- "\${words[@]:1}" 2>/dev/null)
  [[ \${COMPREPLY[0]} == *, ]] && compopt -o nospace
  return 0
}
complete -o default -F _kubelatch kubelatch
`,
  zsh: `#compdef kubelatch
# Completion of kubelatch for zsh: source <(kubelatch completion zsh)
_kubelatch() {
  local -a found values
  local line
  while IFS= read -r line; do
    values+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#values} )); then
    _describe kubelatch values
  else
    _files
  fi
}
(( \$+functions[compdef] )) && compdef _kubelatch kubelatch
`,
  fish: `# Completion of kubelatch for fish: kubelatch completion fish | source
function __kubelatch_complete
    set -l words (commandline -opc) (commandline -ct)
    $words[1] complete -- $words[2..-1] 2>/dev/null
end
complete -c kubelatch -f -n 'string length -q -- (__kubelatch_complete)' -a '(__kubelatch_complete)'
`,
};
