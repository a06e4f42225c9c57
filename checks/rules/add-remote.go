package rules

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

// addRemote looks at what ADD downloads. BuildKit verifies a checksum before it uses the
// file, and takes the commit of a git repository for one.
// https://docs.docker.com/reference/dockerfile/#add---checksum
var addRemote = page(checks.Rule{
	ID: "add-remote", Title: "ADD downloads without a checksum", Since: "0.1.0", Severity: checks.Warning,
	Dockerfile: checkAddRemote,
})

func checkAddRemote(p *checks.DockerfilePass) {
	for _, stage := range p.File.Stages {
		for _, i := range stage.Instructions {
			if i.Keyword != "ADD" || len(i.Words) < 2 {
				continue
			}
			if flag := i.Flag("checksum"); flag != nil && flag.Value != "" {
				continue
			}
			for _, w := range i.Words[:len(i.Words)-1] {
				if r, ok := readRemote(w.Value); ok && !r.pinned {
					reportRemote(p, stage, w, r)
				}
			}
		}
	}
}

func reportRemote(p *checks.DockerfilePass, stage *dockerfile.Stage, w dockerfile.Word, r remote) {
	f := checks.Finding{
		Span:    w.Span,
		Key:     p.StageKey(stage) + " ADD " + r.host,
		Message: fmt.Sprintf("`ADD` downloads from %s, and nothing tells whether it is still what was tested.", checks.Code(r.host)),
		Help:    "Write the file's checksum: `ADD --checksum=sha256:… URL target`. `sha256sum` gives it.",
	}
	if r.git {
		f.Message = fmt.Sprintf("`ADD` takes a branch or a tag of a git repository at %s: a build next month may get another commit.", checks.Code(r.host))
		f.Help = "Name the commit behind the `#`, with all its digits, or write it as `--checksum`."
	}
	if r.open {
		f.Message += " The connection is not encrypted, so anybody on the way can put something else there."
		f.Help += " And use `https`."
	}
	p.Report(f)
}

// A remote is a source of ADD that is downloaded.
type remote struct {
	host   string
	git    bool
	pinned bool // a git commit is named
	open   bool // without encryption
}

// readRemote reads a source of ADD; false for a local one and for one whose beginning
// only the build knows.
// https://docs.docker.com/reference/dockerfile/#adding-files-from-a-git-repository
func readRemote(source string) (remote, bool) {
	address, fragment, _ := strings.Cut(source, "#")
	if rest, ok := strings.CutPrefix(address, "git@"); ok { // git@github.com:owner/name.git
		host, _, ok := strings.Cut(rest, ":")
		return remote{host: host, git: true, pinned: isCommit(fragment)}, ok
	}
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return remote{}, false
	}
	authority, path, _ := strings.Cut(rest, "/")
	path, query, _ := strings.Cut(path, "?")
	r := remote{host: authority[strings.LastIndexByte(authority, '@')+1:]}
	if strings.Contains(r.host, "$") || r.host == "" {
		return remote{}, false
	}
	switch scheme {
	case "http", "https":
		r.git = strings.HasSuffix(path, ".git")
		r.open = scheme == "http"
	case "git", "ssh":
		r.git, r.open = true, scheme == "git"
	default:
		return remote{}, false
	}
	if r.git {
		values, _ := url.ParseQuery(query)
		r.pinned = isCommit(fragment) || isCommit(values.Get("checksum")) || isCommit(values.Get("commit")) || isCommit(values.Get("ref"))
	}
	return r, true
}

// isCommit reports whether the reference in a fragment, "ref:folder", is a whole commit.
// What a variable holds is given the benefit of the doubt.
func isCommit(fragment string) bool {
	ref, _, _ := strings.Cut(fragment, ":")
	if strings.Contains(ref, "$") {
		return true
	}
	return (len(ref) == 40 || len(ref) == 64) && strings.Trim(ref, "0123456789abcdef") == ""
}
