package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
)

// maxTogether is how many further findings one that stands for several tells.
const maxTogether = 10

// together makes one finding of each group that one edit cures: the most severe, which
// tells the others too.
func together(fs []checks.Finding) []checks.Finding {
	var out []checks.Finding
	for _, group := range checks.Together(fs) {
		f := group[0]
		messages, helps := []string{f.Message}, []string{f.Help}
		more := 0
		for _, other := range group[1:] {
			if slices.ContainsFunc(messages, func(m string) bool { return strings.HasSuffix(m, other.Message) }) {
				continue
			}
			if len(messages) > maxTogether {
				more++
				continue
			}
			message := other.Message
			if other.Rule.ID != f.Rule.ID {
				message = fmt.Sprintf("Likewise `%s`: %s", other.Rule.ID, message)
			}
			messages = append(messages, message)
			if !slices.Contains(helps, other.Help) {
				helps = append(helps, other.Help)
			}
			for _, r := range other.Related {
				if !slices.Contains(f.Related, r) {
					f.Related = append(slices.Clip(f.Related), r)
				}
			}
		}
		if more > 0 {
			messages = append(messages, fmt.Sprintf("%d more are found here.", more))
		}
		f.Message, f.Help = strings.Join(messages, " "), strings.TrimSpace(strings.Join(helps, " "))
		out = append(out, f)
	}
	return out
}
