package review

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/source"
)

func TestWritten(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, before, after string
		want                []Lines
	}{
		{"nothing", "a\nb\n", "a\nb\n", []Lines{}},
		{"all", "", "a\nb\n", []Lines{{1, 2}}},
		{"a line in the middle", "a\nb\nc\n", "a\nx\nc\n", []Lines{{2, 2}}},
		{"lines at both ends", "b\n", "a\nb\nc\nd\n", []Lines{{1, 1}, {3, 4}}},
		{"a line removed", "a\nb\nc\n", "a\nc\n", []Lines{}},
		{"removed and added further down", "a\nb\nc\nd\n", "a\nc\nd\ne\n", []Lines{{4, 4}}},
		{"no line break at the end", "a", "a\nb", []Lines{{1, 2}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, written(tt.before, source.NewFile("f", tt.after))); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}
