package report

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
)

// example is the beginning of an example on a rule's page, which says whether it is bad.
var example = regexp.MustCompile("(?m)^```([a-z]+) (bad|fixed|good)$")

// Explained is a rule's page as a comment: why it is there, and what to do folded up.
func Explained(r *checks.Rule) string {
	_, page, _ := strings.Cut(r.Doc, "\n") // the id is its heading
	page = strings.ReplaceAll(page, "\n## ", "\n### ")
	page = example.ReplaceAllStringFunc(page, func(line string) string {
		found := example.FindStringSubmatch(line)
		return "*" + strings.ToUpper(found[2][:1]) + found[2][1:] + ":*\n\n```" + found[1]
	})
	why, rest, found := strings.Cut(page, "\n### What to do\n")
	text := fmt.Sprintf("**%s** · %s · %s\n\n%s\n", Prose(r.Title), r.Severity, ruleLink(r), strings.TrimSpace(why))
	if found {
		text += "\n<details>\n<summary>What to do, and when it is quiet</summary>\n\n" + strings.TrimSpace(rest) + "\n\n</details>\n"
	}
	return text
}
