package ignore

import (
	"fmt"
	"strings"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// trivyRule is one trivy:ignore of a line.
type trivyRule struct {
	Comment
	// line is the line it counts as, and leads says that its line begins with one.
	line  int
	leads bool
}

// trivyComments reads every line as pkg/iac/ignore of Trivy v0.74.0 does.
func trivyComments(f *dockerfile.File) []Comment {
	if !strings.Contains(f.Text(), "trivy:") && !strings.Contains(f.Text(), "tfsec:") {
		return nil
	}
	var rules []trivyRule
	var found []Comment
	for line := 1; line <= f.Lines() && len(rules)+len(found) <= maxComments; line++ {
		rules, found = trivyLine(f, line, rules, found)
	}
	stack(rules)
	for _, r := range rules {
		if r.Problem == "" {
			r.Scope = startingOn(f, r.line, min(r.line+1, f.Lines()))
		}
		found = append(found, r.Comment)
	}
	return found
}

// trivyLine reads the words of one line. What Trivy does not take for a rule is added to
// the problems where it can have been meant for nothing else: on a comment line.
func trivyLine(f *dockerfile.File, line int, rules []trivyRule, problems []Comment) ([]trivyRule, []Comment) {
	at := f.LineSpan(line)
	text := f.Slice(at)
	comment := strings.HasPrefix(strings.TrimSpace(text), "#")
	before, first := len(rules), true
	for part := range strings.SplitSeq(text, " ") {
		start := at.Start
		at.Start += len(part) + 1
		word := strings.TrimLeft(strings.TrimSpace(part), "#/*")
		if word == "" {
			continue
		}
		leads := first || len(rules) > before && rules[before].leads
		first = false
		sections, ok := strings.CutPrefix(word, "trivy:")
		if !ok {
			sections, ok = strings.CutPrefix(word, "tfsec:")
		}
		if !ok {
			continue
		}
		start += strings.Index(part, word)
		c := trivySections(sections, source.Span{Start: start, End: start + len(word)})
		if len(c.IDs) > 0 {
			rules = append(rules, trivyRule{Comment: c, line: line, leads: leads})
		} else if comment && strings.HasPrefix(sections, "ignore") {
			problems = append(problems, c)
		}
	}
	return rules, problems
}

// trivySections reads ignore:ID:exp:DATE. Keys and values alternate, the last of a kind
// wins, and keys that mean nothing here are passed over.
func trivySections(sections string, at source.Span) Comment {
	c := Comment{Tool: Trivy, Span: at}
	parts := strings.Split(sections, ":")
	offset := at.End - len(sections)
	for i := 0; i+1 < len(parts); i += 2 {
		key, value := parts[i], parts[i+1]
		span := source.Span{Start: offset + len(key) + 1, End: offset + len(key) + 1 + len(value)}
		offset = span.End + 1
		switch key {
		case "ignore":
			id, _, _ := strings.Cut(value, "[")
			if id != "" {
				span.End = span.Start + len(id)
				c.IDs, c.IDSpans = []string{id}, []source.Span{span}
			}
		case "exp":
			day, ok := date(value)
			if !ok {
				c.Problem, c.ProblemSpan = fmt.Sprintf("`%s` is not a date; Trivy takes YYYY-MM-DD only.", value), span
				continue
			}
			c.Problem, c.Until = "", day.AddDate(0, 0, -1)
		}
	}
	switch {
	case len(c.IDs) > 0 && len(c.IDs[0]) > maxIDBytes:
		c.Problem, c.ProblemSpan = fmt.Sprintf("The id is longer than %d bytes.", maxIDBytes), c.IDSpans[0]
	case len(c.IDs) == 0:
		return broken(Trivy, at, "The comment names no check; write `trivy:ignore:` and the id of one.")
	}
	return c
}

// stack makes each rule of a block of lines count as the block's last one.
func stack(rules []trivyRule) {
	last, shifted := 0, 0
	for i := len(rules) - 1; i > 0; i-- {
		if !rules[i-1].leads {
			continue
		}
		if last == 0 {
			last = rules[i].line
		}
		if rules[i-1].line+1+shifted == rules[i].line {
			rules[i-1].line = last
			shifted++
		} else {
			last, shifted = 0, 0
		}
	}
}

// startingOn covers two lines and what starts on them: Trivy takes a finding to stand
// where its instruction starts.
func startingOn(f *dockerfile.File, first, last int) source.Span {
	span := source.Span{Start: f.LineSpan(first).Start, End: f.LineSpan(last).End}
	for i := next(f, span.Start); i != nil && i.Span.Start < span.End; i = next(f, i.Span.End) {
		if i.Span.End > span.End {
			return source.Span{Start: span.Start, End: i.Span.End}
		}
	}
	return span
}

// trivyNames reports whether a pattern of Trivy's dialect names the check.
func trivyNames(pattern, id string) bool {
	if !isTrivyID(id) {
		return false
	}
	if match(pattern, id) {
		return true
	}
	for _, alias := range trivyAliases(id) {
		if match(pattern, alias) {
			return true
		}
	}
	return false
}

// Foreign reports whether a word can be the name of another tool's check, such as DS-0002,
// AVD-DS-0002, JSONArgsRecommended or least-privilege-user.
func Foreign(name string) bool {
	if name != "" && 'A' <= name[0] && name[0] <= 'Z' {
		return true
	}
	slug := strings.TrimPrefix(name, "docker-")
	for _, known := range trivySlugs {
		if slug == known {
			return true
		}
	}
	return false
}

// isTrivyID reports whether an id is written as Trivy writes its own: "DS-0002".
func isTrivyID(id string) bool {
	service, number, ok := strings.Cut(id, "-")
	return ok && service != "" && len(number) == 4 &&
		strings.Trim(service, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" && strings.Trim(number, "0123456789") == ""
}

// trivyAliases are the other names of one of Trivy's checks, none for any other id.
func trivyAliases(id string) []string {
	if !isTrivyID(id) {
		return nil
	}
	service, number, _ := strings.Cut(id, "-")
	aliases := []string{"AVD-" + id, service + strings.TrimPrefix(number, "0")}
	if slug, ok := trivySlugs[id]; ok {
		aliases = append(aliases, slug, "docker-"+slug)
	}
	return aliases
}

// match reports whether name is what pattern says, where * stands for anything and case
// does not count.
func match(pattern, name string) bool {
	pattern, name = strings.ToLower(pattern), strings.ToLower(name)
	head, rest, wild := strings.Cut(pattern, "*")
	name, ok := strings.CutPrefix(name, head)
	if !wild || !ok {
		return ok && name == ""
	}
	for {
		var part string
		part, rest, wild = strings.Cut(rest, "*")
		if !wild {
			return strings.HasSuffix(name, part)
		}
		n := strings.Index(name, part)
		if n < 0 {
			return false
		}
		name = name[n+len(part):]
	}
}

// trivySlugs are the long names of Trivy's Dockerfile checks, from the metadata in
// https://github.com/aquasecurity/trivy-checks/tree/main/checks/docker.
var trivySlugs = map[string]string{
	"DS-0001": "use-specific-tags",
	"DS-0002": "least-privilege-user",
	"DS-0004": "no-ssh-port",
	"DS-0005": "use-copy-over-add",
	"DS-0006": "no-self-referencing-copy-from",
	"DS-0007": "only-one-entrypoint",
	"DS-0008": "port-out-of-range",
	"DS-0009": "user-absolute-workdir",
	"DS-0010": "no-sudo-run",
	"DS-0011": "use-slash-for-copy-args",
	"DS-0012": "no-duplicate-alias",
	"DS-0013": "use-workdir-over-cd",
	"DS-0014": "standardise-remote-get",
	"DS-0015": "purge-yum-package-cache",
	"DS-0016": "only-one-cmd",
	"DS-0017": "no-orphan-package-update",
	"DS-0019": "purge-dnf-package-cache",
	"DS-0020": "purge-zipper-cache",
	"DS-0021": "use-apt-auto-confirm",
	"DS-0022": "no-maintainer",
	"DS-0023": "only-one-healthcheck",
	"DS-0024": "no-dist-upgrade",
	"DS-0025": "purge-apk-package-cache",
	"DS-0026": "no-healthcheck",
	"DS-0027": "purge-microdnf-package-cache",
	"DS-0029": "use-apt-no-install-recommends",
	"DS-0030": "avoid-sys-workdir-mounts",
	"DS-0031": "do-not-pass-secrets",
}
