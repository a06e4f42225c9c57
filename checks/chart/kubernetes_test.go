package chart_test

import (
	"testing"

	"github.com/chiselbot/chiselbot/checks/chart"
)

func TestSince(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		cluster, wanted string
		want            bool
	}{
		{"", "", false}, {"", "what", false}, {"1.33.0", "", true}, {"v1.30", "", true}, {"1.29.4", ">=1.30", false},
		{"", ">=1.30.0-0", true}, {"", ">= 1.31.0", true}, {"", "^1.30", true}, {"", "~1.32", true}, {"", "1.34.x", true},
		{"", ">=1.29.0-0", false}, {"", "<1.40", false}, {"", ">1.29.3 <1.40", false}, {"", ">=1.19 || >=1.33", false}, {"", ">=1.33 <1.40", true},
	} {
		if got := chart.Since(test.cluster, test.wanted, 30); got != test.want {
			t.Errorf("cluster %q, chart %q: got %t", test.cluster, test.wanted, got)
		}
	}
}
