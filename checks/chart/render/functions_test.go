package render

import (
	"os"
	"regexp"
	"testing"

	"github.com/Masterminds/sprig/v3"
)

// TestFunctions makes sure that the story which compares our functions with Helm's calls
// each of them, and that none of those is missing which both get from the same library.
func TestFunctions(t *testing.T) {
	t.Parallel()
	story, err := os.ReadFile("../testdata/functions.txtar")
	if err != nil {
		t.Fatal(err)
	}
	ours := helmFunctions()
	for name := range ours {
		if name != "fail" && !regexp.MustCompile(`[ ({]`+name+`[ )]`).Match(story) {
			t.Errorf("functions.txtar does not call %s", name)
		}
	}
	for name := range sprig.TxtFuncMap() {
		if _, ok := ours[name]; !ok && name != "env" && name != "expandenv" {
			t.Errorf("the function %s is missing", name)
		}
	}
	for name := range builtins {
		if name != "call" && name != "slice" && !regexp.MustCompile(`[ ({]`+name+`[ )]`).Match(story) {
			t.Errorf("functions.txtar does not call %s", name)
		}
	}
}
