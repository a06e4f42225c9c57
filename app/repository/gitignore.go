package repository

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/config"

	"github.com/chiselbot/chiselbot/checks/source"
)

// ignoreRules are the rules of one ignore file, after those of files that hold for more.
// go-git's own matcher differs from git in character classes, in "**" and at the end of
// patterns, and it reads every ignore file of a repository up front.
// https://git-scm.com/docs/gitignore is the format.
type ignoreRules struct {
	above    *ignoreRules
	base     string // the folder that the patterns are relative to
	patterns []pattern
	fold     bool // core.ignoreCase
}

// excludes are the rules outside of the tree: the person's, then the repository's.
func (r *Repository) excludes() (*ignoreRules, error) {
	rules := &ignoreRules{base: ".", fold: r.config.Raw.Section("core").Option("ignorecase") == "true"}
	for _, name := range []string{r.excludesFile(), filepath.Join(r.dirs.common, "info", "exclude")} {
		text, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) || name == "" {
			continue
		}
		if err != nil {
			return nil, err
		}
		rules = rules.add(".", string(text))
	}
	return rules, nil
}

// excludesFile is the person's own ignore file, which may not exist. Of the files of
// settings those that others include are not read.
func (r *Repository) excludesFile() string {
	home, _ := os.UserHomeDir() // without one there are no such settings
	name := ""
	for _, scope := range []config.Scope{config.SystemScope, config.GlobalScope} {
		if cfg, err := config.LoadConfig(scope); err == nil {
			if s := cfg.Raw.Section("core").Option("excludesfile"); s != "" {
				name = s
			}
		}
	}
	if s := r.config.Raw.Section("core").Option("excludesfile"); s != "" {
		name = s
	}
	if name == "" {
		dir := os.Getenv("XDG_CONFIG_HOME")
		if dir == "" {
			dir = filepath.Join(home, ".config")
		}
		return filepath.Join(dir, "git", "ignore")
	}
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		return filepath.Join(home, rest)
	}
	if !filepath.IsAbs(name) {
		return filepath.Join(r.dirs.work, name)
	}
	return name
}

// with adds the rules of an ignore file in the folder base. One that is too large to be
// meant is an error, because what it hides would be shown.
func (r *ignoreRules) with(base string, file source.Entry) (*ignoreRules, error) {
	f, err := file.Open()
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path.Join(base, ".gitignore"), Err: err}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, source.MaxFileBytes+1))
	if err == nil && len(text) > source.MaxFileBytes {
		err = source.ErrTooLarge
	}
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path.Join(base, ".gitignore"), Err: err}
	}
	return r.add(base, string(text)), nil
}

func (r *ignoreRules) add(base, text string) *ignoreRules {
	text = strings.TrimPrefix(text, "\ufeff")
	if r.fold {
		text = strings.ToLower(text)
	}
	more := &ignoreRules{above: r, base: base, fold: r.fold}
	for line := range strings.SplitSeq(text, "\n") {
		if p, ok := parsePattern(strings.TrimSuffix(line, "\r")); ok {
			more.patterns = append(more.patterns, p)
		}
	}
	if len(more.patterns) == 0 {
		return r
	}
	return more
}

// match reports whether the last pattern that fits a path ignores it. It does not look
// at the folders above the path: in an ignored one nothing is asked.
func (r *ignoreRules) match(name string, isDir bool) bool {
	if r.fold {
		name = strings.ToLower(name)
	}
	base := path.Base(name)
	for ; r != nil; r = r.above {
		rel := name
		if r.base != "." {
			rel = name[len(r.base)+1:]
		}
		for i := len(r.patterns) - 1; i >= 0; i-- {
			if p := &r.patterns[i]; p.match(rel, base, isDir) {
				return !p.negated
			}
		}
	}
	return false
}

// A pattern is one line of an ignore file.
type pattern struct {
	negated bool
	folders bool // ends in a slash: only folders fit
	// parts are the pattern's parts between slashes. A single one is matched against the
	// base name at any depth, unless the pattern had a slash.
	parts    []string
	anchored bool
	literal  bool // one part without special characters
}

func parsePattern(line string) (pattern, bool) {
	if strings.HasPrefix(line, "#") {
		return pattern{}, false
	}
	for strings.HasSuffix(line, " ") && !escapedEnd(line[:len(line)-1]) {
		line = line[:len(line)-1]
	}
	var p pattern
	line, p.negated = strings.CutPrefix(line, "!")
	line, p.folders = strings.CutSuffix(line, "/")
	if line == "" {
		return pattern{}, false
	}
	p.anchored = strings.Contains(line, "/")
	p.parts = strings.Split(strings.TrimPrefix(line, "/"), "/")
	p.literal = !p.anchored && !strings.ContainsAny(line, `*?[\`)
	return p, true
}

// escapedEnd reports whether what follows the text is escaped by a backslash.
func escapedEnd(text string) bool {
	return (len(text)-len(strings.TrimRight(text, `\`)))%2 == 1
}

func (p *pattern) match(rel, base string, isDir bool) bool {
	switch {
	case p.folders && !isDir:
		return false
	case p.literal:
		return p.parts[0] == base
	case !p.anchored:
		return wildcard(p.parts[0], base)
	default:
		return matchParts(p.parts, strings.Split(rel, "/"))
	}
}

// matchParts matches a path part by part, where "**" stands for any number of parts and
// at the end for at least one. The time is that of the product of both lengths.
func matchParts(parts, names []string) bool {
	// fits[j] tells whether the parts so far match the first j names.
	fits := make([]bool, len(names)+1)
	fits[0] = true
	for i, part := range parts {
		last := i == len(parts)-1
		if part == "**" {
			seen := false
			for j := range fits {
				was := fits[j]
				fits[j] = seen || (was && !last)
				seen = seen || was
			}
			continue
		}
		for j := len(names); j > 0; j-- {
			fits[j] = fits[j-1] && wildcard(part, names[j-1])
		}
		fits[0] = false
	}
	return fits[len(names)]
}
