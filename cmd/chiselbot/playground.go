package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"time"

	"github.com/chiselbot/chiselbot/app/githubtest"
	"github.com/chiselbot/chiselbot/app/store"
	"github.com/chiselbot/chiselbot/app/telemetry"
	"github.com/chiselbot/chiselbot/app/webhook"
	"github.com/chiselbot/chiselbot/checks/misconf"
)

// A playground is a GitHub in this process with chiselbot as an App, whose server is here
// too: the same that "serve" runs, with its queue and its database in a file.
type playground struct {
	program program
	config  playgroundConfig
	github  *githubtest.GitHub
	app     *githubtest.App
	server  *server
	stop    context.CancelFunc
	ended   chan error // nil when no server runs
}

// A playgroundConfig is what a playground is made of.
type playgroundConfig struct {
	// Dir is an empty folder for the database.
	dir    string
	github githubtest.Options
	key    string // the App's private key, made when it is empty
	// Scanner is what reviews are made with; several playgrounds can share it.
	scanner *misconf.Scanner
	log     io.Writer
}

// newPlayground starts the GitHub and registers the App. The caller closes it.
func (p program) newPlayground(c playgroundConfig) (*playground, error) {
	c.github.Enterprise = true // as delivered, without the limits of github.com
	g, err := githubtest.Start(c.github)
	if err != nil {
		return nil, err
	}
	g.AddOrganization("chiselbot")
	w := &playground{program: p, config: c, github: g}
	w.app = g.AddApp("chiselbot", githubtest.App{
		Slug: "chiselbot", WebhookSecret: "a-secret-of-this-process", PrivateKey: c.key,
		Permissions: permissions(), Events: webhook.Events(),
	})
	return w, nil
}

// serve starts the App's server. What came while there was none is asked for again.
func (w *playground) serve(ctx context.Context) error {
	logger, err := telemetry.NewLogger(w.config.log, "text", "debug")
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, store.Config{URL: filepath.Join(w.config.dir, "chiselbot.db"), CacheBytes: 64 << 20})
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(fmt.Errorf("listen: %w", err), db.Close())
	}
	w.app.WebhookURL = "http://" + listener.Addr().String() + "/webhook"
	children := w.program.newSandbox()
	srv := &server{
		program: w.program, logger: logger, store: db, metrics: telemetry.NewMetrics(version()),
		scanner: w.config.scanner, children: children,
		settings: serveSettings{
			host: w.github.URL, appID: w.app.ID, privateKey: w.app.PrivateKey, webhookSecrets: []string{w.app.WebhookSecret}, grace: time.Second,
		},
	}
	ctx, w.stop = context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		err := srv.run(ctx, listener)
		children.Close()
		ended <- errors.Join(err, db.Close())
	}()
	w.server, w.ended = srv, ended
	return nil
}

// goAway stops the server, if one runs, and waits until it has ended.
func (w *playground) goAway() error {
	if w.ended == nil {
		return nil
	}
	w.stop()
	err := <-w.ended
	w.ended = nil
	return err
}

// settle waits until GitHub has sent all webhooks and the server has done all that they
// ask for, and what that asks for in turn.
func (w *playground) settle(ctx context.Context) error {
	for {
		w.github.Settle()
		sent := len(w.github.Deliveries())
		idle, err := w.idle(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("wait for the App: %w", err)
		case idle && sent == len(w.github.Deliveries()):
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-w.ended:
			w.ended = nil
			return errors.Join(errors.New("wait for the App: its server has ended"), err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// idle reports whether the server has no job left but those that wait for their turn.
func (w *playground) idle(ctx context.Context) (bool, error) {
	queue := w.server.queue.Load()
	if queue == nil {
		return false, nil
	}
	depths, err := queue.Depths(ctx)
	return !slices.ContainsFunc(depths, func(d telemetry.Depth) bool { return d.State != "scheduled" }), err
}

// close ends both. The server goes first, so that GitHub has nothing under way.
func (w *playground) close() error {
	err := w.goAway()
	w.github.Close()
	return err
}
