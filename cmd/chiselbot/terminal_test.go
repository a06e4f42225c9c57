package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/chiselbot/chiselbot/app/report"
)

func TestColors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		env      []string
		terminal bool
		want     bool
	}{
		{name: "a terminal", terminal: true, want: true},
		{name: "no terminal"},
		{name: "not wanted", env: []string{"NO_COLOR=1"}, terminal: true},
		{name: "not wanted, whatever it says", env: []string{"NO_COLOR=false"}, terminal: true},
		{name: "set to nothing", env: []string{"NO_COLOR="}, terminal: true, want: true},
		{name: "forced", env: []string{"CLICOLOR_FORCE=1"}, want: true},
		{name: "not forced", env: []string{"CLICOLOR_FORCE=0"}},
		{name: "not wanted and forced", env: []string{"CLICOLOR_FORCE=1", "NO_COLOR=1"}, terminal: true},
		{name: "off", env: []string{"CLICOLOR=0"}, terminal: true},
		{name: "on", env: []string{"CLICOLOR=1"}},
		{name: "another variable", env: []string{"NO_COLORS=1", "MY_NO_COLOR=1"}, terminal: true, want: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := (program{env: tt.env}).colors(tt.terminal); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestTerminal demands that files and pipes are not taken for a terminal.
func TestTerminal(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	var buffer bytes.Buffer
	for _, p := range []program{{out: f, err: f}, {out: &buffer, err: &buffer}} {
		if got := p.terminal(); got != (report.Terminal{}) {
			t.Errorf("got %+v", got)
		}
		p.working("Reviewing")()
	}
	if info, err := f.Stat(); err != nil || info.Size() > 0 || buffer.Len() > 0 {
		t.Errorf("progress was written to a file: %v, %v, %q", info, err, buffer.String())
	}
}
