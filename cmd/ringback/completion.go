package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completeArg, as first argument, asks for what could stand at the end of the words after it. The shells'
// scripts call it; people do not.
const completeArg = "__complete"

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: ${enum}."`
}

func (*completionCommand) Help() string {
	return `
Put the line of your shell where it is read at every start:

    bash:  source <(ringback completion bash)       in ~/.bashrc
    zsh:   source <(ringback completion zsh)        in ~/.zshrc, below compinit
    fish:  ringback completion fish | source        in ~/.config/fish/config.fish`
}

// Run prints the script of a shell.
func (c *completionCommand) Run(out io.Writer) error {
	_, err := io.WriteString(out, scripts[c.Shell])
	return err
}

// scripts hand the words up to the cursor to the binary and its answers to the shell. Without an answer
// the shell offers files. Bash cuts words at "=", the binary puts them together again.
var scripts = map[string]string{
	"bash": `_ringback() {
  local IFS=$'\n'
  COMPREPLY=($(ringback __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1))
}
complete -o default -F _ringback ringback
`,
	"zsh": `#compdef ringback
_ringback() {
  local -a answers
  answers=(${(f)"$(ringback __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
  answers=("${(@)answers/$'\t'/:}")
  if (( $#answers )); then
    _describe ringback answers
  else
    _files
  fi
}
compdef _ringback ringback
`,
	"fish": `function __ringback_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l answers (ringback __complete $words[2..-1] 2>/dev/null)
  if test (count $answers) -gt 0
    printf '%s\n' $answers
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c ringback -f -a '(__ringback_complete)'
`,
}

// complete writes a line for everything the last word could become: the word and, after a tab, its meaning.
func complete(out io.Writer, node *kong.Node, words []string) {
	words, afterEqual := joinEquals(words)
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]

	var flag *kong.Flag // whose value comes next
	positional, onlyPositional := 0, false
	for _, word := range words[:len(words)-1] {
		switch {
		case flag != nil:
			flag = nil
		case word == "--":
			onlyPositional = true
		case !onlyPositional && len(word) > 1 && word[0] == '-':
			if f := flagOf(node, word); f != nil && !strings.Contains(word, "=") && !f.IsBool() && !f.IsCounter() {
				flag = f
			}
		default:
			if child := childOf(node, word); child != nil {
				node = child
			} else {
				positional++
			}
		}
	}

	answer := func(word, help string) {
		if help != "" {
			word += "\t" + help
		}
		fmt.Fprintln(out, word)
	}
	choose := func(value *kong.Value, prefix, typed string) {
		for _, choice := range value.EnumSlice() {
			if choice != "" && strings.HasPrefix(choice, typed) {
				answer(prefix+choice, "")
			}
		}
	}
	name, typed, hasValue := strings.Cut(last, "=")
	switch {
	case flag != nil:
		choose(flag.Value, "", last)
	case !onlyPositional && hasValue && strings.HasPrefix(last, "--"):
		if f := flagOf(node, name); f != nil {
			prefix := name + "="
			if afterEqual {
				prefix = ""
			}
			choose(f.Value, prefix, typed)
		}
	case !onlyPositional && strings.HasPrefix(last, "-"):
		for _, f := range flagsOf(node) {
			if long := "--" + f.Name; strings.HasPrefix(long, last) {
				answer(long, f.Help)
			}
		}
	default:
		for _, child := range node.Children {
			if child.Type == kong.CommandNode && !child.Hidden && strings.HasPrefix(child.Name, last) {
				answer(child.Name, child.Help)
			}
		}
		if positional < len(node.Positional) {
			choose(node.Positional[positional], "", last)
		}
	}
}

// joinEquals undoes bash's cutting of --flag=value into three words. It reports whether the last word
// was one of those, as bash then wants the value alone.
func joinEquals(words []string) (joined []string, last bool) {
	for i := 0; i < len(words); i++ {
		last = false
		if words[i] == "=" && len(joined) > 0 && strings.HasPrefix(joined[len(joined)-1], "--") {
			joined[len(joined)-1] += "="
			last = true
			if i+1 < len(words) {
				i++
				joined[len(joined)-1] += words[i]
			}
			continue
		}
		joined = append(joined, words[i])
	}
	return joined, last
}

// childOf finds a subcommand.
func childOf(node *kong.Node, word string) *kong.Node {
	for _, child := range node.Children {
		if child.Type == kong.CommandNode && (child.Name == word || slices.Contains(child.Aliases, word)) {
			return child
		}
	}
	return nil
}

// flagsOf lists the flags that may stand after node's name: its own and those of the commands around it.
func flagsOf(node *kong.Node) []*kong.Flag {
	return slices.Concat(node.AllFlags(true)...)
}

// flagOf finds a flag by what was typed: --name, --name=value or -n.
func flagOf(node *kong.Node, word string) *kong.Flag {
	word, _, _ = strings.Cut(word, "=")
	for _, f := range flagsOf(node) {
		if word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short) {
			return f
		}
	}
	return nil
}
