package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completeWord is the hidden argument by which shells ask this program for the words that may follow.
const completeWord = "__complete"

// CompletionCmd is "idp completion".
type CompletionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is shown by --help.
func (CompletionCmd) Help() string {
	return `  bash   idp completion bash > /etc/bash_completion.d/idp
  zsh    idp completion zsh > "${fpath[1]}/_idp"
  fish   idp completion fish > ~/.config/fish/completions/idp.fish`
}

// Run prints the script. Where no word of ours fits, the shell proposes files.
func (c *CompletionCmd) Run(p *process) error {
	_, err := fmt.Fprint(p.stdout, map[string]string{
		"bash": `_idp() {
	local IFS=$'\n'
	COMPREPLY=($(idp ` + completeWord + ` "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _idp idp
`,
		"zsh": `#compdef idp
_idp() {
	local -a words_of_idp
	words_of_idp=(${(f)"$(idp ` + completeWord + ` "${(@)words[2,CURRENT]}" 2>/dev/null)"})
	if (( $#words_of_idp )); then compadd -a words_of_idp; else _files; fi
}
if [ "$funcstack[1]" = _idp ]; then _idp "$@"; else compdef _idp idp; fi
`,
		"fish": `function __idp_complete
	set -l before (commandline -opc)
	set -l current (commandline -ct)
	set -l found (idp ` + completeWord + ` $before[2..-1] "$current" 2>/dev/null)
	if set -q found[1]
		printf '%s\n' $found
	else
		__fish_complete_path "$current"
	end
end
complete -c idp -f -a '(__idp_complete)'
`}[c.Shell])
	return err
}

// complete returns the words that can replace the last one.
func complete(model *kong.Application, words []string) (candidates []string) {
	if len(words) == 0 {
		return nil
	}
	node, last := model.Node, words[len(words)-1]
	var expects *kong.Value // of a flag whose value comes next
	for _, word := range words[:len(words)-1] {
		switch {
		case expects != nil:
			expects = nil
		case strings.HasPrefix(word, "-"):
			if flag := flagOf(node, word); flag != nil && !flag.IsBool() {
				expects = flag.Value
			}
		default:
			for _, child := range node.Children {
				if child.Name == word {
					node = child
					break
				}
			}
		}
	}
	switch {
	case expects != nil:
		candidates = expects.EnumSlice()
	case strings.HasPrefix(last, "-"):
		for _, flags := range node.AllFlags(true) {
			for _, flag := range flags {
				candidates = append(candidates, "--"+flag.Name)
			}
		}
	default:
		for _, child := range node.Children {
			if !child.Hidden {
				candidates = append(candidates, child.Name)
			}
		}
		for _, arg := range node.Positional {
			candidates = append(candidates, arg.EnumSlice()...)
		}
	}
	candidates = slices.DeleteFunc(candidates, func(word string) bool { return word == "" || !strings.HasPrefix(word, last) })
	slices.Sort(candidates)
	return candidates
}

// flagOf is the flag of a word such as --port or -n; nil if the word contains the value.
func flagOf(node *kong.Node, word string) *kong.Flag {
	for _, flags := range node.AllFlags(false) {
		for _, flag := range flags {
			if word == "--"+flag.Name || flag.Short != 0 && word == "-"+string(flag.Short) {
				return flag
			}
		}
	}
	return nil
}
