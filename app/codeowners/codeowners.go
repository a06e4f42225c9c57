// Package codeowners says who owns a file by a CODEOWNERS file, as GitHub reads it: the last
// line that matches wins, and what GitHub would not read counts for nothing.
// See https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners.
//
// It knows text and paths, and nothing of who the owners are.
package codeowners

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

const (
	// maxBytes is the largest file that GitHub reads.
	maxBytes = 3 << 20
	// maxRules and maxOwners are how many lines are read, and how many owners of each.
	maxRules, maxOwners = 5000, 100
	// maxPattern is the longest pattern that is read.
	maxPattern = 500
)

// Paths are the places of the file; the first one that exists counts.
func Paths() []string { return []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"} }

// Rules are the lines of a file that say something, in their order.
type Rules []rule

type rule struct {
	globs  []string
	owners []string
}

// Parse reads a file. Of one that GitHub would not read there are no rules.
func Parse(text string) Rules {
	if len(text) > maxBytes {
		return nil
	}
	var rules Rules
	for line := range strings.Lines(text) {
		words := fields(line)
		if len(words) == 0 {
			continue
		}
		globs, ok := globsOf(words[0])
		if !ok {
			continue
		}
		r := rule{globs: globs}
		for _, word := range words[1:] {
			if owner, ok := ownerOf(word); ok && len(r.owners) < maxOwners {
				r.owners = append(r.owners, owner)
			}
		}
		if rules = append(rules, r); len(rules) == maxRules {
			break
		}
	}
	return rules
}

// Of are the owners of a file: logins, and teams as "organization/team". A line without
// owners takes them from the lines before it.
func (rules Rules) Of(name string) []string {
	for _, r := range slices.Backward(rules) {
		if slices.ContainsFunc(r.globs, func(glob string) bool { return doublestar.MatchUnvalidated(glob, name) }) {
			return r.owners
		}
	}
	return nil
}

// fields are the words before a comment. A space in a pattern has a backslash before it.
func fields(line string) []string {
	var words []string
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
			word.Reset()
		}
	}
	line = strings.TrimRight(line, "\r\n")
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && i+1 < len(line):
			word.WriteByte(c)
			i++
			word.WriteByte(line[i])
		case c == ' ' || c == '\t':
			end()
		case c == '#' && word.Len() == 0:
			return words
		default:
			word.WriteByte(c)
		}
	}
	end()
	return words
}

var ownerForm = regexp.MustCompile(`^@([A-Za-z0-9](?:[A-Za-z0-9_-]*)(?:/[A-Za-z0-9][A-Za-z0-9._-]*)?)$`)

// ownerOf is a login or a team. An e-mail address names nobody whom one could ask.
func ownerOf(word string) (string, bool) {
	m := ownerForm.FindStringSubmatch(word)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// globsOf translates a pattern. GitHub knows neither "!" nor brackets.
func globsOf(pattern string) ([]string, bool) {
	if len(pattern) > maxPattern || strings.HasPrefix(pattern, "!") || strings.ContainsAny(pattern, "[]") || strings.HasPrefix(pattern, `\#`) {
		return nil, false
	}
	trimmed := strings.Trim(pattern, "/")
	if trimmed == "" {
		return nil, false
	}
	glob := strings.NewReplacer("{", `\{`, "}", `\}`).Replace(trimmed)
	if !strings.Contains(strings.TrimSuffix(pattern, "/"), "/") {
		glob = "**/" + glob // a name without a folder is one at any depth
	}
	if !doublestar.ValidatePattern(glob) {
		return nil, false
	}
	switch {
	case strings.HasSuffix(pattern, "/"):
		return []string{glob + "/**"}, true
	case path.Base(trimmed) == "*" && trimmed != "*": // the files of one folder and no deeper
		return []string{glob}, true
	}
	return []string{glob, glob + "/**"}, true
}
