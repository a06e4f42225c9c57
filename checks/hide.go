package checks

import (
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/source"
)

// minQuoted is the least length, in bytes, of a secret that is looked for in messages:
// shorter ones are words of every kind.
const minQuoted = 6

// mask is what stands for a secret in a message.
const mask = "***"

// hide takes secrets out of all that a result shows of a file, whoever found it: their
// bytes are asterisks in the file that findings and skips point into, and what messages
// and keys quote of them is left out. Positions stay what they are.
func hide(res *Result, text *source.File, secrets []source.Span) {
	if len(secrets) == 0 {
		return
	}
	shown := []byte(text.Text())
	var quoted []string
	for _, s := range secrets {
		quoted = append(quoted, text.Slice(s))
		for at := s.Start; at < s.End; at++ {
			if shown[at] != '\n' && shown[at] != '\r' {
				shown[at] = '*'
			}
		}
	}
	quoted = slices.DeleteFunc(quoted, func(s string) bool { return len(s) < minQuoted })
	slices.SortFunc(quoted, func(a, b string) int { return len(b) - len(a) }) // the longest first: one may hold another

	masked := source.NewFile(text.Path(), string(shown))
	file := func(f *source.File) *source.File {
		if f == text {
			return masked
		}
		return f
	}
	words := func(message string) string {
		for _, q := range quoted {
			message = strings.ReplaceAll(message, q, mask)
		}
		return message
	}
	related := func(all []Related) []Related {
		all = slices.Clone(all)
		for n := range all {
			all[n].File, all[n].Message = file(all[n].File), words(all[n].Message)
		}
		return all
	}
	finding := func(f *Finding) {
		f.File, f.Key, f.Message, f.Help, f.Related = file(f.File), words(f.Key), words(f.Message), words(f.Help), related(f.Related)
	}
	for n := range res.Findings {
		finding(&res.Findings[n])
	}
	for n := range res.Drops {
		finding(&res.Drops[n].Finding)
		res.Drops[n].By.File = file(res.Drops[n].By.File)
	}
	for n := range res.Skips {
		s := &res.Skips[n]
		s.File, s.Reason, s.Help = file(s.File), words(s.Reason), words(s.Help)
	}
}
