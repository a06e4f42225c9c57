package propose

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Style is how the first lines of commits are written. The zero value is plain sentences.
type Style struct {
	// Conventional is that of https://www.conventionalcommits.org: "build: move …".
	Conventional bool `json:"conventional,omitempty"`
	// Type stands for "build" where the history has another word for it, Scope behind it
	// in brackets where there is one.
	Type  string `json:"type,omitempty"`
	Scope string `json:"scope,omitempty"`
	// Capital begins the description with a capital letter.
	Capital bool `json:"capital,omitempty"`
}

// Title writes a title of a type of change.
func (s Style) Title(kind, title string) string {
	if !s.Conventional {
		return title
	}
	if kind == "build" {
		if s.Type != "" {
			kind = s.Type
		}
		if s.Scope != "" {
			kind += "(" + s.Scope + ")"
		}
	}
	if !s.Capital {
		first, size := utf8.DecodeRuneInString(title)
		title = string(unicode.ToLower(first)) + title[size:]
	}
	return oneLine(kind + ": " + title)
}

var conventional = regexp.MustCompile(`^(build|chore|ci|deps|docs|feat|fix|perf|refactor|revert|style|test)(?:\(([\w./ -]{1,30})\))?!?: (\S.*)`)

const (
	// fewest is how many commits make a convention.
	fewest = 4
	// of ten commits, so many must follow it.
	ofTen = 6
)

// dependencies are scopes that belong to what a base image is.
var dependencies = []string{"docker", "dockerfile", "container", "image", "images", "deps", "helm"}

// StyleOf reads the style from first lines of commits, or with sure takes it for the
// conventional one and reads only how that is written.
func StyleOf(subjects []string, sure bool) Style {
	follow, capital, with := 0, 0, map[string]int{}
	scopes := map[string]map[string]int{"build": {}, "chore": {}}
	for _, subject := range subjects {
		m := conventional.FindStringSubmatch(subject)
		if m == nil {
			continue
		}
		follow++
		if first, _ := utf8.DecodeRuneInString(m[3]); unicode.IsUpper(first) {
			capital++
		}
		with[m[1]]++
		if in := scopes[m[1]]; in != nil && slices.Contains(dependencies, strings.ToLower(m[2])) {
			in[m[2]]++
		}
	}
	if !sure && (follow < fewest || follow*10 < len(subjects)*ofTen) {
		return Style{}
	}
	s := Style{Conventional: true, Capital: capital*2 > follow}
	kind := "build"
	if with["build"] == 0 && with["chore"] > 0 {
		kind, s.Type = "chore", "chore"
	}
	most := 0
	for _, scope := range dependencies { // in this order, for the same answer to the same history
		for written, n := range scopes[kind] {
			if strings.EqualFold(written, scope) && (n > most || n == most && written < s.Scope) {
				most, s.Scope = n, written
			}
		}
	}
	return s
}
