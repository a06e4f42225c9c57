package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/spf13/cobra"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/github"
	"github.com/chiselbot/chiselbot/app/store"
	"github.com/chiselbot/chiselbot/app/telemetry"
	"github.com/chiselbot/chiselbot/app/web"
	"github.com/chiselbot/chiselbot/app/webhook"
	"github.com/chiselbot/chiselbot/checks/misconf"
)

func (p program) serveCommand() *cobra.Command {
	all := settings()
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the GitHub App: review pull requests as they come",
		Long: `Take GitHub's webhooks, review each pull request that they tell of, and publish what was
found as a check run. Nothing is lost: what was accepted is on the disk, and what came
while the server was away is asked for again.

Started without an App, it writes the address of a page to the terminal on which one is
registered, on github.com or a GitHub Enterprise Server, for you or an organization.

Settings are given by flags or by environment variables. Each variable may also be given
as NAME_FILE, the name of a file that holds the value:

` + explain(all),
		Example: `  chiselbot serve --listen :8080 --url https://chiselbot.example.com
  DATABASE_URL_FILE=/run/secrets/database chiselbot serve`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := p.readSettings(cmd, all)
			if err != nil {
				return err
			}
			return p.serve(cmd.Context(), s)
		},
	}
	bind(cmd, all)
	cmd.SetUsageTemplate("Usage:\n  {{.UseLine}}\n\nExamples:\n{{.Example}}\n") // the flags stand above, with their variables
	return cmd
}

// permissions are what the App is registered with: what requests need, and events.
func permissions() map[string]string {
	all := webhook.Permissions()
	maps.Copy(all, github.Permissions)
	return all
}

// serve runs until ctx ends, and then until what is under way is done or handed back.
func (p program) serve(ctx context.Context, s serveSettings) error {
	logger, err := telemetry.NewLogger(p.err, s.logFormat, s.level)
	if err != nil {
		return err
	}
	builder, err := s.build.builder()
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, store.Config{URL: s.database, Key: s.key, CacheBytes: s.cache})
	if err != nil {
		return err
	}
	defer func() {
		if err := db.Close(); err != nil {
			logger.Error("close database", slog.Any("error", err))
		}
	}()
	children := p.newSandbox()
	defer children.Close()
	srv := &server{
		program: p, settings: s, logger: logger, store: db, metrics: telemetry.NewMetrics(version()),
		scanner: misconf.New(), children: children, builder: builder,
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.listen)
	if err != nil {
		return fmt.Errorf("listen at %s: %w", s.listen, err)
	}
	defer func() { _ = listener.Close() }() // the server has closed it already
	if s.pprof != "" {
		stop, err := serveProfiles(ctx, s.pprof)
		if err != nil {
			return err
		}
		defer stop()
	}
	return srv.run(ctx, listener)
}

// run serves until ctx ends.
func (s *server) run(ctx context.Context, listener net.Listener) error {
	defer s.stop(ctx)
	if err := s.begin(ctx, listener); err != nil {
		return err
	}
	h := &http.Server{
		Handler: s.handler(), ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(listener) }()
	s.logger.InfoContext(ctx, "listen", slog.String("address", "http://"+listener.Addr().String()), slog.String("version", version()))
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.logger.InfoContext(ctx, "stop: finish what is under way")
	// First no webhook comes in any more, then the jobs end.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := h.Shutdown(grace); err != nil {
		s.logger.WarnContext(ctx, "cut webhooks off: GitHub will be asked for them again", slog.Any("error", err))
	}
	return nil
}

// begin starts the bot if the App is known, and opens the setup page otherwise.
func (s *server) begin(ctx context.Context, listener net.Listener) error {
	credentials := s.settings.credentials()
	if credentials.AppID == 0 {
		stored, err := s.store.Credentials(ctx)
		if errors.Is(err, app.ErrNotFound) {
			return s.openSetup(ctx, listener)
		}
		if err != nil {
			return err
		}
		credentials = stored
	}
	return s.employ(ctx, credentials)
}

// openSetup offers the page that registers the App.
func (s *server) openSetup(ctx context.Context, listener net.Listener) error {
	s.setup = web.NewSetup(web.Config{
		URL: s.settings.url, Permissions: permissions(), Events: webhook.Events(), Logger: s.logger,
		Convert: func(ctx context.Context, host, code string) (app.Credentials, error) {
			return github.Convert(ctx, host, code, nil)
		},
		Done: func(_ context.Context, c app.Credentials) error {
			// The browser may go; what is done stays done.
			if err := s.store.SaveCredentials(ctx, c); err != nil {
				return err
			}
			return s.employ(ctx, c)
		},
	})
	if s.settings.key == "" {
		s.logger.WarnContext(ctx, "the App's credentials will be stored as they are: set CHISELBOT_KEY to have them encrypted")
	}
	address := s.settings.url
	if address == "" {
		address = "http://" + listener.Addr().String()
	}
	fmt.Fprintf(s.program.err, "\nNo GitHub App is registered yet. Open this address to register one:\n\n  %s/setup?token=%s\n\n", address, s.setup.Token())
	s.waiting.Go(func() { s.awaitCredentials(ctx) })
	return nil
}

// awaitCredentials looks whether another process of the same database was set up.
func (s *server) awaitCredentials(ctx context.Context) {
	tick := time.NewTicker(3 * time.Second)
	defer tick.Stop()
	for s.identity.Load() == nil {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		c, err := s.store.Credentials(ctx)
		if err == nil {
			err = s.employ(ctx, c)
		}
		switch {
		case err == nil:
			s.setup.Close()
		case !errors.Is(err, app.ErrNotFound) && ctx.Err() == nil:
			s.logger.ErrorContext(ctx, "wait for the App to be registered", slog.Any("error", err))
		}
	}
}

// serveProfiles serves Go's profiling tools at an address of their own.
func serveProfiles(ctx context.Context, address string) (stop func(), err error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for profiling tools: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	h := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = h.Serve(l) }() // it returns when it is closed
	return func() { _ = h.Close() }, nil
}
