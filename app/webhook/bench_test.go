package webhook_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/jobs"
	"github.com/chiselbot/chiselbot/app/store"
	"github.com/chiselbot/chiselbot/app/store/storetest"
	"github.com/chiselbot/chiselbot/app/webhook"
)

func TestMain(m *testing.M) { os.Exit(storetest.M{M: m}.Run()) }

// usual is a payload of usual size.
var usual = strings.Replace(opened, `"number"`, `"padding": "`+strings.Repeat("x", 20<<10)+`", "number"`, 1)

// BenchmarkServe takes a delivery without storing it.
func BenchmarkServe(b *testing.B) {
	h := webhook.New(webhook.Config{
		Identity: func() (int64, []string) { return self, []string{"new", "old"} }, Intake: discard{}, Logger: slog.New(slog.DiscardHandler),
	})
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, delivery(usual, nil))
		if w.Code != http.StatusAccepted {
			b.Fatal(w.Code)
		}
	}
}

type discard struct{}

func (discard) Accept(context.Context, app.Job, *app.Sighting) error { return nil }

// BenchmarkAccept takes deliveries of 16 senders and has them durable, while the jobs are
// worked.
func BenchmarkAccept(b *testing.B) {
	for kind, address := range map[string]func(testing.TB) string{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(kind, func(b *testing.B) {
			logger := slog.New(slog.DiscardHandler)
			q, err := jobs.New(b.Context(), jobs.Config{Store: storetest.Open(b, store.Config{URL: address(b)}), Handler: idle{}, Logger: logger})
			if err != nil {
				b.Fatal(err)
			}
			if err := q.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			h := webhook.New(webhook.Config{Identity: func() (int64, []string) { return self, []string{"new"} }, Intake: q, Logger: logger})
			took := make([]time.Duration, b.N)
			var n atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range 16 {
				wg.Go(func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						r := delivery(usual, func(r *http.Request) {
							r.Header.Set("X-GitHub-Delivery", fmt.Sprintf("%08x-0000-0000-0000-000000000000", i))
						})
						w := httptest.NewRecorder()
						begun := time.Now()
						h.ServeHTTP(w, r)
						took[i-1] = time.Since(begun)
						if w.Code != http.StatusAccepted {
							b.Error(w.Code)
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			if err := q.Stop(context.WithoutCancel(b.Context())); err != nil {
				b.Error(err)
			}
		})
	}
}

type idle struct{}

func (idle) Do(context.Context, app.Attempt, app.Job) error            { return nil }
func (idle) GiveUp(context.Context, app.Attempt, app.Job, error) error { return nil }
