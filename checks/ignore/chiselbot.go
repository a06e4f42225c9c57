package ignore

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/agext/levenshtein"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

const (
	marker = "chiselbot:ignore"
	// form is how a comment is to be written, for messages.
	form = "# chiselbot:ignore RULE[,RULE…] [until=YYYY-MM-DD] reason"
)

func chiselbotComments(f *dockerfile.File) []Comment {
	var found []Comment
	for _, line := range f.Comments {
		c, ok := parseComment(f.File, line.Text, line.Span)
		if !ok {
			continue
		}
		if c.Problem == "" {
			place(f, line, &c)
		}
		if found = append(found, c); len(found) > maxComments {
			break
		}
	}
	return append(found, misplaced(f)...)
}

// parseComment reads one comment line; false means that it is not for us.
func parseComment(f *source.File, text string, span source.Span) (Comment, bool) {
	rest, ours := strings.CutPrefix(text, marker)
	if !ours || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		if word := nearMiss(text); word != "" {
			return broken(Chiselbot, span, fmt.Sprintf("`%s` is not `%s`; write `%s`.", word, marker, form)), true
		}
		return Comment{}, false
	}
	if len(text) > maxCommentBytes {
		return broken(Chiselbot, span, fmt.Sprintf("The comment is longer than %d bytes.", maxCommentBytes)), true
	}

	c := Comment{Tool: Chiselbot, Span: span}
	words := fields(f, source.Span{Start: span.Start + strings.Index(f.Slice(span), marker) + len(marker), End: span.End})
	words, c.IDs, c.IDSpans = ids(f, words)
	fail := func(at source.Span, problem string) (Comment, bool) {
		c.Problem, c.ProblemSpan = problem, at
		return c, true
	}
	switch {
	case len(c.IDs) == 0:
		return fail(span, fmt.Sprintf("The comment names no rule; write `%s`.", form))
	case len(c.IDs) > maxIDs:
		return fail(span, fmt.Sprintf("The comment names more than %d rules.", maxIDs))
	}
	for i, id := range c.IDs {
		if !isID(id) {
			return fail(c.IDSpans[i], fmt.Sprintf("`%s` is not the id of a rule; each rule is named in full.", id))
		}
	}

	if len(words) > 0 {
		if day, ok := strings.CutPrefix(f.Slice(words[0]), "until="); ok {
			if c.Until, ok = date(day); !ok {
				return fail(words[0], fmt.Sprintf("`%s` is not a date; write `until=YYYY-MM-DD`.", day))
			}
			words = words[1:]
		}
	}
	for _, w := range words {
		if !strings.HasPrefix(f.Slice(w), "until=") {
			continue
		}
		if !c.Until.IsZero() {
			return fail(w, "The comment has two dates; keep one `until=`.")
		}
		return fail(w, "`until=` stands behind the rules, before the reason.")
	}
	if len(words) > 0 {
		c.Reason = strings.TrimLeft(f.Slice(source.Span{Start: words[0].Start, End: words[len(words)-1].End}), "-–—:; \t")
	}
	if c.Reason == "" {
		return fail(span, fmt.Sprintf("The comment gives no reason; write `%s`.", form))
	}
	return c, true
}

// ids takes the list of rules off the words: a list goes on behind a comma.
func ids(f *source.File, words []source.Span) (rest []source.Span, names []string, spans []source.Span) {
	for len(words) > 0 && !strings.HasPrefix(f.Slice(words[0]), "until=") {
		at, word := words[0].Start, f.Slice(words[0])
		words = words[1:]
		for name := range strings.SplitSeq(word, ",") {
			if name != "" {
				names = append(names, name)
				spans = append(spans, source.Span{Start: at, End: at + len(name)})
			}
			at += len(name) + 1
		}
		if !strings.HasSuffix(word, ",") && (len(words) == 0 || f.Text()[words[0].Start] != ',') {
			break
		}
	}
	return words, names, spans
}

// place sets what a comment covers.
func place(f *dockerfile.File, line dockerfile.Comment, c *Comment) {
	switch to := next(f, line.Span.Start); {
	case line.Within != nil:
		c.Scope = line.Within.Span
	case to == nil:
		c.Problem, c.ProblemSpan = "No instruction follows the comment; put it above the one it is about, or at the head of the file.", line.Span
	case to == f.Instructions[0]:
		c.WholeFile, c.Scope = true, source.Span{End: len(f.Text())}
	default:
		c.Scope = to.Span
	}
}

// misplaced finds comments of ours where Docker has none: behind an instruction, and in
// here-documents.
func misplaced(f *dockerfile.File) []Comment {
	var found []Comment
	comments := f.Comments
	for _, i := range f.Instructions {
		text := f.Slice(i.Span)
		for at := 0; ; {
			n := strings.Index(text[at:], marker)
			if n < 0 {
				break
			}
			at += n + len(marker)
			start := i.Span.Start + at - len(marker)
			for len(comments) > 0 && comments[0].Span.End <= start {
				comments = comments[1:]
			}
			if len(comments) > 0 && comments[0].Span.Start < start {
				continue
			}
			if !strings.HasSuffix(strings.TrimRight(f.Text()[i.Span.Start:start], " \t"), "#") {
				continue
			}
			span := source.Span{Start: start, End: f.LineSpan(f.LineAt(start)).End}
			if len(found) > maxComments {
				return found
			}
			found = append(found, broken(Chiselbot, span, "Docker knows no comment here, so this one is not read; put it on a line of its own above the instruction."))
		}
	}
	return found
}

var like = regexp.MustCompile(`(?i)^(chisel[-_]?bot|chisel)([ \t:=/_-]+)([a-z]+)`)

// nearMiss is the beginning of a comment that was meant to be one of ours but is not,
// empty for any other comment. Prose that only mentions chiselbot is left alone.
func nearMiss(text string) string {
	m := like.FindStringSubmatch(text[:min(len(text), 64)])
	if m == nil {
		return ""
	}
	name, separator, verb := strings.ToLower(m[1]), strings.TrimSpace(m[2]), strings.ToLower(m[3])
	switch {
	case verb == "ignore" && (separator != "" || name != "chisel"):
		return m[0]
	case separator == ":" && (verb == "skip" || verb == "disable" || levenshtein.Distance(verb, "ignore", nil) <= 2):
		return m[0]
	}
	return ""
}

// isID reports whether a word can be the id of a rule: ours, Trivy's or BuildKit's.
func isID(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != "all"
}

// fields are the words of a part of the file.
func fields(f *source.File, in source.Span) []source.Span {
	var words []source.Span
	start := -1
	for i := in.Start; i <= in.End; i++ {
		space := i == in.End || strings.IndexByte(" \t\r\n\v\f", f.Text()[i]) >= 0
		switch {
		case space && start >= 0:
			words = append(words, source.Span{Start: start, End: i})
			start = -1
		case !space && start < 0:
			start = i
		}
	}
	return words
}
