package review

import (
	"strings"

	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// settingsOf reads the base's settings. What is wrong with them, and what is wrong with
// those that the change would bring, is skips: the first kind means that the defaults
// hold, the second that they would after the merge.
func settingsOf(base, head source.Tree, known []string) (*config.Settings, []checks.Skip, error) {
	settings, before, problems, err := config.Read(base, known)
	if err != nil {
		return nil, nil, err
	}
	skips := skipsOf(problems, "The default settings were used.")

	_, after, problems, err := config.Read(head, known)
	if err != nil {
		return nil, nil, err
	}
	if after != nil && (before == nil || before.Text() != after.Text()) {
		skips = append(skips, skipsOf(problems, "With this change the default settings would hold.")...)
	}
	return settings, skips, nil
}

func skipsOf(problems []config.Problem, consequence string) []checks.Skip {
	var skips []checks.Skip
	for _, p := range problems {
		skips = append(skips, checks.Skip{
			Path: p.File.Path(), File: p.File, Span: p.Span, Reason: p.Message,
			Help: strings.TrimSpace(p.Help + " " + consequence),
		})
	}
	return skips
}
