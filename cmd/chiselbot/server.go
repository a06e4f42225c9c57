package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/github"
	"github.com/chiselbot/chiselbot/app/jobs"
	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/app/sandbox"
	"github.com/chiselbot/chiselbot/app/store"
	"github.com/chiselbot/chiselbot/app/telemetry"
	"github.com/chiselbot/chiselbot/app/web"
	"github.com/chiselbot/chiselbot/app/webhook"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/misconf"
	"github.com/chiselbot/chiselbot/checks/rules"
	"github.com/chiselbot/chiselbot/fixes"
)

// reviewTime is what a review may take for charts and other tools' checks: it ends within
// the time of its job, and says what it did not get to.
const reviewTime = 90 * time.Second

// A server is the App at work, or waiting to be registered.
type server struct {
	program  program
	settings serveSettings
	logger   *slog.Logger
	store    *store.Store
	metrics  *telemetry.Metrics
	setup    *web.Setup // nil when the App was known at the start
	waiting  sync.WaitGroup
	// What reviews are made with. It is costly to start, and several servers can share it.
	scanner  *misconf.Scanner
	children *sandbox.Pool
	builder  fixes.Builder // nil where nothing is built

	mu sync.Mutex // held while the bot is employed
	// The bot: nil until the App is known.
	identity atomic.Pointer[app.Credentials]
	queue    atomic.Pointer[jobs.Queue]
	client   atomic.Pointer[github.Client]
	met      atomic.Int64 // when GitHub last knew us, in seconds since 1970
}

// employ starts the bot with the App's credentials; a second time it does nothing.
func (s *server) employ(ctx context.Context, c app.Credentials) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.identity.Load() != nil {
		return nil
	}
	var ledger app.Ledger = s.store
	if !github.LimitsContent(c.Host) {
		ledger = unlimited{}
	}
	client, err := github.New(github.Config{
		Credentials: c, Objects: s.store, Ledger: ledger,
		Observe: func(q github.Quota) { s.metrics.Quota(q.Installation, q.Resource, q.Limit, q.Remaining) },
	})
	if err != nil {
		return err
	}
	go func() { // compile the checks before the first review
		ctx := context.WithoutCancel(ctx)
		s.scanner.Warm(ctx)
		s.scanner.WarmObjects(ctx)
	}()
	bot := app.New(app.Config{
		Builder: s.builder, GitHub: client, Memory: s.store, Logger: s.logger, Meter: s.metrics, Now: s.program.now,
		Review: review.Options{Rules: rules.All(), Scanners: []checks.Scanner{s.scanner}, Render: renderIn(s.children), Fetcher: s.program.fetcher(s.settings.chartsFrom, s.store), Time: reviewTime, KnownIDs: knownIDs()},
	})
	queue, err := jobs.New(ctx, jobs.Config{
		Store: s.store, Handler: bot, Logger: s.logger, Workers: s.settings.workers, Grace: s.settings.grace, Builds: s.buildTime(), Done: s.metrics.Job,
	})
	if err != nil {
		return err
	}
	bot.Feed(queue)
	s.metrics.WatchQueue(queue.Depths)
	if err := queue.Start(ctx); err != nil {
		return err
	}
	s.queue.Store(queue)
	s.client.Store(client)
	s.identity.Store(&c)
	s.logger.InfoContext(ctx, "work as the App", slog.Int64("app", c.AppID), slog.String("host", c.Host))
	return nil
}

// unlimited counts nothing.
type unlimited struct{}

func (unlimited) Spend(context.Context, int64) error { return nil }

// stop ends the bot when its jobs are done or handed back.
func (s *server) stop(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	s.waiting.Wait()
	if queue := s.queue.Load(); queue != nil {
		if err := queue.Stop(ctx); err != nil {
			s.logger.ErrorContext(ctx, "stop", slog.Any("error", err))
		}
		s.client.Load().CloseIdle()
		s.logger.InfoContext(ctx, "stopped")
	}
}

// handler is all that can be asked over HTTP.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/webhook", webhook.New(webhook.Config{
		Identity: func() (int64, []string) {
			if c := s.identity.Load(); c != nil {
				return c.AppID, c.WebhookSecrets
			}
			return 0, nil
		},
		Intake: s, Logger: s.logger, Done: s.metrics.Delivery,
	}))
	mux.HandleFunc("GET /healthz", telemetry.Healthz)
	mux.HandleFunc("GET /readyz", telemetry.Readyz(s.logger,
		telemetry.Check{Name: "database", Do: s.store.Ping},
		telemetry.Check{Name: "github", Do: s.known},
	))
	mux.Handle("GET /metrics", s.metrics)
	if s.setup != nil {
		mux.Handle("/setup", s.setup)
		mux.Handle("/setup/done", s.setup)
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintf(w, "chiselbot %s\n", version())
	})
	return mux
}

// Accept takes in the job of a webhook.
func (s *server) Accept(ctx context.Context, job app.Job, sighting *app.Sighting) error {
	queue := s.queue.Load()
	if queue == nil {
		return errors.New("take in job: the App is not set up yet")
	}
	return queue.Accept(ctx, job, sighting)
}

// known asks GitHub whether it knows the App, at most once a minute while it does.
func (s *server) known(ctx context.Context) error {
	client := s.client.Load()
	if client == nil {
		return errors.New("no App is registered yet")
	}
	if time.Since(time.Unix(s.met.Load(), 0)) < time.Minute {
		return nil
	}
	self, err := client.Self(ctx)
	switch {
	case err == nil:
	case s.met.Load() == 0, errors.Is(err, app.ErrForbidden), errors.Is(err, app.ErrNotFound):
		return err
	default: // GitHub is disturbed, and webhooks that come nevertheless are taken
		s.logger.WarnContext(ctx, "GitHub does not answer", slog.Any("error", err))
		return nil
	}
	s.met.Store(time.Now().Unix())
	for name, level := range permissions() {
		if has := self.Permissions[name]; has != level && has != "write" {
			s.logger.WarnContext(ctx, "the App lacks a permission: grant it in its settings", slog.String("permission", name), slog.String("level", level))
		}
	}
	return nil
}
