package main

import (
	"context"
	"fmt"
	"strings"
)

// A histogram is how many deliveries the server answered within which seconds.
type histogram []bucket

type bucket struct {
	within string
	n      int
}

// handled reads the server's own histogram of its answers.
func (b *bench) handled(ctx context.Context) (histogram, error) {
	_, metrics, err := b.get(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	var h histogram
	for line := range strings.Lines(metrics) {
		rest, ok := strings.CutPrefix(line, `chiselbot_delivery_seconds_bucket{le="`)
		if !ok {
			continue
		}
		var one bucket
		within, count, _ := strings.Cut(rest, `"} `)
		if _, err := fmt.Sscan(count, &one.n); err != nil {
			return nil, fmt.Errorf("read metrics: %w", err)
		}
		one.within = within
		h = append(h, one)
	}
	return h, nil
}

// since says how the answers are distributed that came after before.
func (h histogram) since(before histogram) string {
	if len(h) == 0 || len(h) != len(before) {
		return "not known"
	}
	all := h[len(h)-1].n - before[len(h)-1].n
	var parts []string
	for i, one := range h {
		n := one.n - before[i].n
		parts = append(parts, fmt.Sprintf("%.2f%% within %s s", 100*float64(n)/float64(max(1, all)), one.within))
		if n == all {
			break
		}
	}
	return strings.Join(parts, ", ")
}
