package checks

import (
	"path"
	"strings"

	"github.com/chiselbot/chiselbot/checks/source"
)

// maxRenamePairs bounds how many pairs of files are compared line by line; beyond it
// only files of equal text are taken for renamed, as git does.
const maxRenamePairs = 10_000

// renames maps paths of the base to paths of the head for files that a change gave
// another name: first those of equal text, then those of one name in another folder
// that share half of their lines, then those that share three quarters. A file counts
// once; candidates are tried in the files' order.
func renames(base, head []*source.File) map[string]string {
	gone, came := missing(base, head), missing(head, base)
	to := map[string]string{}

	byText := map[string][]*source.File{}
	for _, f := range came {
		byText[f.Text()] = append(byText[f.Text()], f)
	}
	taken := map[*source.File]bool{}
	for _, f := range gone {
		if same := byText[f.Text()]; len(same) > 0 {
			to[f.Path()], taken[same[0]] = same[0].Path(), true
			byText[f.Text()] = same[1:]
		}
	}
	if len(gone)*len(came) > maxRenamePairs {
		return to
	}

	counted := map[*source.File]lines{}
	for _, f := range append(gone, came...) {
		counted[f] = countLines(f.Text())
	}
	match := func(like func(a, b *source.File) bool) {
		for _, a := range gone {
			if _, done := to[a.Path()]; done {
				continue
			}
			for _, b := range came {
				if !taken[b] && like(a, b) {
					to[a.Path()], taken[b] = b.Path(), true
					break
				}
			}
		}
	}
	match(func(a, b *source.File) bool {
		return path.Base(a.Path()) == path.Base(b.Path()) && counted[a].alike(counted[b]) >= 0.5
	})
	match(func(a, b *source.File) bool { return counted[a].alike(counted[b]) >= 0.75 })
	return to
}

// missing are the files of a whose path b does not have.
func missing(a, b []*source.File) []*source.File {
	has := make(map[string]bool, len(b))
	for _, f := range b {
		has[f.Path()] = true
	}
	var out []*source.File
	for _, f := range a {
		if !has[f.Path()] {
			out = append(out, f)
		}
	}
	return out
}

// lines are the lines of a file with how often each occurs, without blank ones and the
// space around them.
type lines struct {
	times map[string]int
	total int
}

func countLines(text string) lines {
	l := lines{times: map[string]int{}}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			l.times[line]++
			l.total++
		}
	}
	return l
}

// alike is the share of the longer file's lines that both have.
func (l lines) alike(other lines) float64 {
	shared := 0
	for line, n := range l.times {
		shared += min(n, other.times[line])
	}
	return float64(shared) / float64(max(1, l.total, other.total))
}
