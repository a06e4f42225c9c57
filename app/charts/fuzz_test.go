package charts

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

// FuzzIndex: what is read of an index without parsing all of it is what is in it.
func FuzzIndex(f *testing.F) {
	f.Add("apiVersion: v1\nentries:\n  a:\n  - version: 1.0.0\n    urls:\n    - x\n  lib:\n  - version: 2.0.0\n    digest: abc\n    description: |\n      two\n\n      lines: x\n  # remark\n  lib-two: []\n")
	f.Add("entries:\n  lib:\n    - version: 1.0.0\n    - version: 1.1.0\ngenerated: x\n")
	f.Add("entries:\n  \"lib\":\n  - version: 1.0.0\n")
	f.Add("entries:\n  lib: [{version: 1.0.0}]\n")
	f.Add(`{"entries":{"lib":[{"version":"1.0.0"}]}}`)
	f.Add("entries: &x\n  lib: *x\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 10_000 {
			t.Skip()
		}
		got, err := entriesOf(text, "lib")
		var all struct {
			Entries map[string][]entry `yaml:"entries"`
		}
		if yaml.Unmarshal([]byte(text), &all) != nil || err != nil {
			return // a broken index may be read as far as it goes
		}
		if diff := cmp.Diff(all.Entries["lib"], got); diff != "" {
			t.Error(diff)
		}
	})
}
