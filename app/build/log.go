package build

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/solver/errdefs"
	digest "github.com/opencontainers/go-digest"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

// The limits of what is kept of the words of instructions.
const (
	maxLogBytes = 4096 // of one instruction: its last ones
	maxLogs     = 200  // instructions
	maxNames    = 1000 // likewise
	lastLines   = 5    // that are told
	maxLine     = 200
)

// log keeps the names of the instructions of a build, and the last words of each.
type log struct {
	status chan *client.SolveStatus
	done   chan struct{}
	names  map[digest.Digest]string
	last   map[digest.Digest][]byte
}

func newLog() *log {
	l := &log{status: make(chan *client.SolveStatus), done: make(chan struct{}), names: map[digest.Digest]string{}, last: map[digest.Digest][]byte{}}
	go func() {
		defer close(l.done)
		for s := range l.status {
			for _, v := range s.Vertexes {
				if len(l.names) < maxNames {
					l.names[v.Digest] = v.Name
				}
			}
			for _, entry := range s.Logs {
				l.add(entry)
			}
		}
	}()
	return l
}

func (l *log) add(entry *client.VertexLog) {
	kept, ok := l.last[entry.Vertex]
	if !ok && len(l.last) >= maxLogs {
		return
	}
	kept = append(kept, entry.Data[max(0, len(entry.Data)-maxLogBytes):]...)
	l.last[entry.Vertex] = slices.Clone(kept[max(0, len(kept)-maxLogBytes):])
}

// wait waits for the end of the build's words.
func (l *log) wait() { <-l.done }

// lastOf are the last lines of the instruction that an error is about.
func (l *log) lastOf(err error) []string {
	vertex := (*errdefs.VertexError)(nil)
	if !errors.As(err, &vertex) {
		return nil
	}
	var lines []string
	for line := range strings.Lines(string(l.last[digest.Digest(vertex.Digest)])) {
		if line = printable(strings.TrimSpace(line), maxLine); line != "" {
			lines = append(lines, line)
		}
	}
	return lines[max(0, len(lines)-lastLines):]
}

// lineOf is the line of the instruction that an error is about, by the name that the daemon
// has for it, "[build 2/3] RUN make"; 0 where there is no such or several.
func (l *log) lineOf(err error, file *dockerfile.File) int {
	vertex := (*errdefs.VertexError)(nil)
	if !errors.As(err, &vertex) {
		return 0
	}
	_, name, ok := strings.Cut(l.names[digest.Digest(vertex.Digest)], "] ")
	if !ok {
		return 0
	}
	line := 0
	for _, i := range file.Instructions {
		if !slices.Equal(strings.Fields(i.Logical.Text), strings.Fields(name)) {
			continue
		}
		if line != 0 {
			return 0
		}
		line = file.LineAt(i.Span.Start)
	}
	return line
}

// offline reports whether words are those of a program that found no network.
func offline(lines []string) bool {
	return slices.ContainsFunc(lines, func(line string) bool {
		line = strings.ToLower(line)
		return slices.ContainsFunc([]string{
			"could not resolve", "temporary failure resolving", "temporary failure in name resolution", "name or service not known", "no such host",
			"bad address", "network is unreachable", "eai_again", "enotfound", "nu1301",
		}, func(words string) bool { return strings.Contains(line, words) })
	})
}

// printable is a text of strangers on one line, without what a terminal would obey, and
// cut where it is longer.
func printable(s string, longest int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return ' '
		case r == unicode.ReplacementChar || !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > longest {
		s = string(runes[:longest]) + "…"
	}
	return s
}
