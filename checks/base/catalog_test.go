package base

import (
	"fmt"
	"strings"
	"testing"
)

// TestCatalog demands of every entry what a reader needs to believe it.
func TestCatalog(t *testing.T) {
	t.Parallel()
	rows, seen := 0, map[string]bool{}
	for repository, entries := range catalog {
		for i, e := range entries {
			rows++
			if e.name == "" || e.role == "" || !strings.HasPrefix(e.source, "https://") {
				t.Errorf("%s: name %q, role %q, source %q", repository, e.name, e.role, e.source)
			}
			key := fmt.Sprint(repository, e.with, e.without)
			if seen[key] {
				t.Errorf("%s is there twice", key)
			}
			seen[key] = true
			if i < len(entries)-1 && len(e.with)+len(e.without) == 0 {
				t.Errorf("%s: what follows the entry without words is never taken", repository)
			}
			if e.anyUser && e.user != "" {
				t.Errorf("%s: the user %q is not known", repository, e.user)
			}
			if !IsRoot(e.user) && e.uid == 0 {
				t.Errorf("%s: the user %q has no number", repository, e.user)
			}
		}
	}
	if rows < 200 {
		t.Errorf("only %d rows", rows)
	}
	t.Logf("%d rows for %d repositories", rows, len(catalog))
}
