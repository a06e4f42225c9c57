package command

import (
	"fmt"
	"strings"
)

// Markdown documents all commands: a table and examples.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| Command | What it does | Who may |\n| :-- | :-- | :-- |\n")
	for _, s := range Specs() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", strings.ReplaceAll(s.line(), "|", `\|`), s.Does, s.Who)
	}
	b.WriteString("\nFor example:\n\n```\n")
	for _, s := range Specs() {
		for _, e := range s.Examples {
			b.WriteString(e + "\n")
		}
	}
	b.WriteString("```\n\nA command stands at the start of a line. Editing a comment runs nothing; write a new one.\n")
	return b.String()
}
