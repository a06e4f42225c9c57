package ignore

import (
	"fmt"
	"strings"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// buildkitComments reads check directives and the check comments before instructions,
// as frontend/dockerfile/linter of BuildKit v0.34.2 does.
func buildkitComments(f *dockerfile.File) []Comment {
	var found []Comment
	for _, d := range f.Directives {
		if d.Name != "check" {
			continue
		}
		at := d.Span.Start + strings.LastIndex(f.Slice(d.Span), d.Value)
		if c, ok := checkOptions(d.Value, at); ok {
			c.Span, c.WholeFile, c.Scope = d.Span, true, source.Span{End: len(f.Text())}
			found = append(found, c)
		}
	}

	var to *dockerfile.Instruction // the instruction that follows, and
	start, read := 0, false        // where its comments start in found, and whether one was read
	for _, line := range f.Comments {
		if line.Within != nil {
			continue
		}
		if i := next(f, line.Span.Start); i == nil {
			break
		} else if i != to {
			to, start, read = i, len(found), false
		}
		if line.Text == "" { // BuildKit forgets the comments above an empty one.
			found, read = found[:start], false
			continue
		}
		value, ok := checkValue(line.Text)
		if !ok {
			continue
		}
		at := line.Span.Start + strings.LastIndex(f.Slice(line.Span), value)
		value, _, _ = strings.Cut(value, " ")
		if c, ok := checkOptions(value, at); ok {
			c.Span, c.Scope = line.Span, to.Span
			if c.Problem == "" && read {
				c.Problem, c.ProblemSpan = "BuildKit reads only the first check comment before an instruction.", line.Span
			}
			found = append(found, c)
		}
		read = true
	}
	return found
}

// checkValue is what stands behind "check=" in a comment's text.
func checkValue(text string) (string, bool) {
	name, value, ok := strings.Cut(text, "=")
	return strings.TrimSpace(value), ok && strings.EqualFold(strings.TrimSpace(name), "check") && strings.TrimSpace(value) != ""
}

// checkOptions reads skip=A,B;error=true;experimental=C, whose text stands at an
// offset. False means that nothing is skipped.
func checkOptions(value string, at int) (Comment, bool) {
	c := Comment{Tool: BuildKit}
	all := false
	for _, option := range strings.SplitN(value, ";", 3) {
		span := source.Span{Start: at, End: at + len(option)}
		at = span.End + 1
		key, names, ok := strings.Cut(option, "=")
		switch key = strings.TrimSpace(key); {
		case !ok || key != "skip" && key != "error" && key != "experimental":
			c.Problem, c.ProblemSpan = fmt.Sprintf("`%s` is not an option of BuildKit's check; it takes `skip`, `error` and `experimental`.", strings.TrimSpace(option)), span
			return c, true
		case key != "skip" || all:
			continue
		}
		c.IDs, c.IDSpans = nil, nil
		from := span.End - len(names)
		for name := range strings.SplitSeq(names, ",") {
			id := strings.TrimSpace(name)
			if id != "" {
				start := from + strings.Index(name, id)
				c.IDs, c.IDSpans = append(c.IDs, id), append(c.IDSpans, source.Span{Start: start, End: start + len(id)})
			}
			from += len(name) + 1
		}
		all = strings.TrimSpace(names) == "all"
	}
	if len(c.IDs) > maxIDs {
		return broken(BuildKit, source.Span{Start: c.IDSpans[0].Start, End: at}, fmt.Sprintf("The comment names more than %d checks.", maxIDs)), true
	}
	return c, len(c.IDs) > 0
}

// buildkitNames reports whether a name of BuildKit's dialect names the check. BuildKit's
// own ids are words in camel case; nothing else is meant by "all".
func buildkitNames(written, id string) bool {
	own := id != "" && 'A' <= id[0] && id[0] <= 'Z' && !strings.Contains(id, "-")
	return own && (written == "all" || written == id)
}
