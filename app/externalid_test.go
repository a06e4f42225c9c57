package app

import (
	"strings"
	"testing"
)

func TestExternalID(t *testing.T) {
	t.Parallel()
	base := strings.Repeat("0a", 20)
	for _, s := range []Subject{{Number: 7}, {Base: base}} {
		one := externalID(s, "h", "main", "")
		for _, other := range []string{externalID(s, "i", "main", ""), externalID(s, "h", "next", ""), externalID(s, "h", "main", "again"), externalID(Subject{Number: 8}, "h", "main", ""), nextID(one, 1)} {
			if one == other {
				t.Errorf("two runs of %+v have the external id %s", s, one)
			}
			if len(other) > 128 {
				t.Errorf("%s is long", other)
			}
		}
		for _, id := range []string{one, nextID(one, 3)} {
			if got, ok := SubjectOf(id); !ok || got != s {
				t.Errorf("%s is of %+v, want %+v", id, got, s)
			}
		}
	}
	for _, id := range []string{"", "pull", "pull/7", "pull/x/00", "pull/-1/00", "pull/0/00", "group/main/00", "group/" + strings.ToUpper(base) + "/00", "7/00", "/"} {
		if got, ok := SubjectOf(id); ok {
			t.Errorf("%q is of %+v", id, got)
		}
	}
}
