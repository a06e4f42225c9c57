// Package render runs the templates of a Helm chart and says where every part of what
// they print comes from.
//
// A chart is run twice. Helm's own engine says what the text is. Beside it the templates
// run once more, instrumented: every piece of their text and every result of an action
// carries a mark, a pair of characters that no text has, which names the place in the
// template, the chain of inclusions and the key of the values. Marks pass through the
// functions that move text (include, indent, printf, default) and are taken out before
// those that look at it (eq, len, sha256sum, fromYaml), so that both runs decide alike.
// Where the second run's text without its marks equals Helm's, what the marks say is
// proven; anything else is reported as not verified.
//
// A request and its response are plain data: [Run] can be called in another process. It
// bounds what a hostile chart can ask for, as far as a process can bound itself: output,
// work, depth, rounds of loops and time, the last only between two calls of functions.
// Memory that one call takes before its result can be measured, and a stack that a parser
// recurses through, are for the limits of a process to bound.
//
// The package does not read files, does not know the network or the clock, and knows
// nothing of Kubernetes.
package render

import (
	"context"
	"fmt"
)

// Run renders a chart with each of a request's sets. An error means that ctx ended; all
// that a chart can do wrong is a problem.
func Run(ctx context.Context, req *Request) (*Response, error) {
	limits := req.Limits.withDefaults()
	bounded, cancel := context.WithTimeout(ctx, limits.Time)
	defer cancel()
	resp := &Response{}
	program := newProgram()
	for i := range req.Sets {
		r := run{req: req, set: &req.Sets[i], limits: limits, program: program}
		r.render(bounded)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("render chart: %w", ctx.Err())
		}
		resp.Renderings = append(resp.Renderings, r.out)
	}
	return resp, nil
}

// A run is the rendering of a chart with one set of values.
type run struct {
	req    *Request
	set    *Set
	limits Limits
	// program is common to all sets.
	program *program
	files   map[string]int // of the templates, by Helm's names for them
	out     Rendering
}

// problem notes a problem. Templates that fail for the same reason at the same place, as
// those do which include one another, share one.
func (r *run) problem(p Problem) {
	for i := range r.out.Problems {
		if other := &r.out.Problems[i]; other.Place == p.Place && other.Message == p.Message {
			other.Templates = append(other.Templates, p.Templates...)
			return
		}
	}
	r.out.Problems = append(r.out.Problems, p)
}

// whole is a problem of the whole chart.
func whole(reason Reason, format string, args ...any) Problem {
	return Problem{Reason: reason, Place: Place{File: None}, Dependency: None, Message: fmt.Sprintf(format, args...)}
}
