package main

import (
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/term"

	"github.com/chiselbot/chiselbot/app/report"
)

// terminal is what the program's output can show.
func (p program) terminal() report.Terminal {
	width, is := terminalWidth(p.out)
	smart := is && p.getenv("TERM") != "dumb"
	return report.Terminal{Width: width, Colors: p.colors(smart), Links: smart}
}

// colors reports whether to write colors, for a terminal that has them or for another
// output. See https://no-color.org and https://bixense.com/clicolors.
func (p program) colors(terminal bool) bool {
	force := p.getenv("CLICOLOR_FORCE")
	switch {
	case p.getenv("NO_COLOR") != "":
		return false
	case force != "" && force != "0":
		return true
	}
	return terminal && p.getenv("CLICOLOR") != "0"
}

// terminalWidth is the width of a terminal, 0 if it does not tell, and whether it is one.
func terminalWidth(w io.Writer) (int, bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(f.Fd()) {
		return 0, false
	}
	width, _, err := term.GetSize(f.Fd())
	if err != nil {
		return 0, true
	}
	return width, true
}

// getenv is a variable of the program's environment.
func (p program) getenv(name string) string {
	for _, entry := range p.env {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// patience is how long a person waits without wondering.
const patience = 300 * time.Millisecond

// working tells a person at a terminal what takes so long, until stop is called.
func (p program) working(text string) (stop func()) {
	if _, is := terminalWidth(p.err); !is || p.getenv("TERM") == "dumb" {
		return func() {}
	}
	var mu sync.Mutex
	shown, stopped := false, false
	timer := time.AfterFunc(patience, func() {
		mu.Lock()
		defer mu.Unlock()
		if !stopped {
			shown = true
			io.WriteString(p.err, text+" …")
		}
	})
	return func() {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		if stopped = true; shown {
			io.WriteString(p.err, "\r"+ansi.EraseLineRight)
		}
	}
}
