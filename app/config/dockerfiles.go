package config

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
)

const (
	// maxGlobs is how many globs a list may have. Every path of a repository is matched
	// against all of them.
	maxGlobs = 50
	// maxGlobRunes is how long a glob may be.
	maxGlobRunes = 200
	// maxAlternatives is how many globs without braces a glob may stand for; they are
	// tried one after the other, and multiply with each pair of braces.
	maxAlternatives = 64
)

// IsDockerfile reports whether the file at a path from the repository's root is to be
// checked as a Dockerfile: known by its name or included, and not excluded.
func (s *Settings) IsDockerfile(name string) bool {
	return (namedDockerfile(path.Base(name)) || matches(s.Dockerfiles.Include, name)) && !matches(s.Dockerfiles.Exclude, name)
}

func matches(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool { return doublestar.MatchUnvalidated(glob, name) })
}

// namedDockerfile reports whether a file name says that the file is a Dockerfile. The
// names are those that `docker build`, Podman and editors take for one: Dockerfile and
// Containerfile alone, before a suffix or as one, in any case.
//
// A suffix usually names a variant (Dockerfile.dev), and sometimes the language of a
// file that is none. To miss a Dockerfile is worse than to take another file for one,
// since only the latter is seen; so nothing is ruled out but what [foreign] knows.
func namedDockerfile(base string) bool {
	for _, word := range []string{"Dockerfile", "Containerfile"} {
		rest := len(base) - len(word)
		switch {
		case rest < 0:
		case rest == 0 && strings.EqualFold(base, word):
			return true
		case rest > 0 && base[rest-1] == '.' && strings.EqualFold(base[rest:], word):
			return true
		case rest > 1 && base[len(word)] == '.' && strings.EqualFold(base[:len(word)], word):
			suffix := strings.ToLower(base[strings.LastIndexByte(base, '.')+1:])
			return !foreign(suffix, base[:len(word)] == word)
		}
	}
	return false
}

// foreign reports whether a file whose name begins with Dockerfile is something else by
// its last suffix. Images are built for many a language whose modules have lower-case
// names, so dockerfile.go is a module and Dockerfile.go, which is capitalized, is not.
func foreign(suffix string, capitalized bool) bool {
	switch suffix {
	case "c", "cc", "cpp", "go", "h", "js", "lua", "mjs", "php", "pl", "py", "rb", "rs", "sh", "ts", "vim", "zig":
		return !capitalized
	case "cs", "dart", "java", "jsx", "kt", "scala", "swift", "tsx", "vue": // a file is called as its class is
		return true
	case "adoc", "htm", "html", "markdown", "md", "pdf", "png", "rst", "svg":
		return true
	case "json", "lock", "toml", "xml", "yaml", "yml":
		return true
	case "ejs", "erb", "gotmpl", "hbs", "in", "j2", "jinja", "jinja2", "m4", "mustache", "template", "tmpl", "tpl":
		return true // templates become Dockerfiles only once they are filled in
	case "containerignore", "dockerignore":
		return true // https://docs.docker.com/build/concepts/context/#filename-and-location
	}
	return leftover(suffix)
}

// leftover reports whether a suffix is that of an editor or of a tool that merges.
func leftover(suffix string) bool {
	return slices.Contains([]string{"bak", "diff", "orig", "patch", "rej", "swp"}, suffix) || strings.HasSuffix(suffix, "~")
}

// checkGlob says what is wrong with a glob and what to do about it, or nothing.
func checkGlob(glob string) (message, help string) {
	switch {
	case glob == "":
		return "The glob is empty.", "Remove it."
	case utf8.RuneCountInString(glob) > maxGlobRunes:
		return fmt.Sprintf("The glob is longer than %d characters.", maxGlobRunes), ""
	case strings.ContainsAny(glob, "\n\r\u2028\u2029"):
		return "The glob has more than one line.", "Write each glob as an item of its own."
	case glob[0] == '/':
		return fmt.Sprintf("The glob %s begins with a slash.", code(glob)), "Paths begin at the root of the repository: remove the slash."
	case glob[0] == '!':
		return fmt.Sprintf("The glob %s begins with an exclamation mark.", code(glob)), "Write what is not to match under `exclude`."
	case glob[len(glob)-1] == '/':
		return fmt.Sprintf("The glob %s ends in a slash.", code(glob)), fmt.Sprintf("Write %s for all files of a folder.", code(glob+"**"))
	case slices.ContainsFunc(strings.Split(glob, "/"), func(part string) bool { return part == "" || part == "." || part == ".." }):
		return fmt.Sprintf("The glob %s matches no path.", code(glob)), "Paths begin at the root of the repository and have no `.`, `..` or empty parts."
	case !doublestar.ValidatePattern(glob):
		return fmt.Sprintf("The glob %s is malformed.", code(glob)), "Close each bracket and brace, or put a backslash before it."
	case alternatives(glob) > maxAlternatives:
		return fmt.Sprintf("The glob %s stands for more than %d alternatives.", code(glob), maxAlternatives), "Write several globs."
	}
	return "", ""
}

// alternatives is at least how many globs without braces a valid glob stands for. It
// counts those of nested braces as if they stood side by side.
func alternatives(glob string) int {
	product, open := 1, []int{}
	for i := 0; i < len(glob) && product <= maxAlternatives; i++ {
		switch last := len(open) - 1; {
		case glob[i] == '\\':
			i++
		case glob[i] == '{':
			open = append(open, 1)
		case glob[i] == ',' && last >= 0:
			open[last]++
		case glob[i] == '}' && last >= 0:
			product *= open[last]
			open = open[:last]
		}
	}
	return product
}
