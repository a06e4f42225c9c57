package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/chiselbot/chiselbot/app/sandbox"
	"github.com/chiselbot/chiselbot/checks/chart"
	"github.com/chiselbot/chiselbot/checks/chart/render"
)

// The verb that makes this program a child of its own, and the work that a child does.
const (
	sandboxVerb = "sandbox"
	renderWork  = "render"
)

// sandboxCommand is what the program runs itself with. Nobody types it.
func (p program) sandboxCommand() *cobra.Command {
	return &cobra.Command{
		Use:    sandboxVerb,
		Short:  "Do what standard input asks for, within limits",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return sandbox.Serve(cmd.Context(), p.in, p.out, map[string]sandbox.Work{renderWork: sandbox.Do(render.Run)})
		},
	}
}

// newSandbox makes the children in which strangers' templates run.
func (p program) newSandbox() *sandbox.Pool {
	return sandbox.New(sandbox.Config{Command: []string{p.self, sandboxVerb}})
}

// renderIn renders charts in children.
func renderIn(pool *sandbox.Pool) chart.Renderer {
	return func(ctx context.Context, req *render.Request) (*render.Response, error) {
		resp := new(render.Response)
		if err := pool.Call(ctx, renderWork, req, resp); err != nil {
			return nil, err
		}
		return resp, nil
	}
}
