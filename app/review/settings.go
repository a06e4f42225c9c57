package review

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// settingsOf reads the settings at the base's tip. What is wrong with them, and what is wrong with
// those that the change would bring, is skips: the first kind means that the defaults
// hold, the second that they would after the merge.
func settingsOf(head source.Tree, opts Options) (*config.Settings, []checks.Skip, error) {
	settings, before, problems, err := config.Read(opts.Tip, opts.KnownIDs, opts.Owner)
	if err != nil {
		return nil, nil, err
	}
	wrong := problems

	_, after, problems, err := config.Read(head, opts.KnownIDs, opts.Owner)
	if err != nil {
		return nil, nil, err
	}
	skips := slices.Clone(opts.OwnerSkips)
	for _, s := range skipsOf(wrong, "The default settings were used.") {
		if after == nil || before.Text() != after.Text() { // its lines are none of the head
			s.Reason, s.File = fmt.Sprintf("On the base branch, line %d: %s", s.Line(), s.Reason), nil
			if len(problems) == 0 {
				s.Help += " This change mends it."
			}
		}
		skips = append(skips, s)
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
