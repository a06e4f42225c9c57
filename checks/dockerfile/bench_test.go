package dockerfile

import (
	"os"
	"testing"

	"github.com/chiselbot/chiselbot/checks/source"
)

// BenchmarkParse60 reads a Dockerfile of 60 lines with three stages.
func BenchmarkParse60(b *testing.B) {
	text, err := os.ReadFile("testdata/sixty.Dockerfile")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(source.NewFile("Dockerfile", string(text))); err != nil {
			b.Fatal(err)
		}
	}
}
