package jobs_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/jobs"
	"github.com/chiselbot/chiselbot/app/store"
	"github.com/chiselbot/chiselbot/app/store/storetest"
)

// BenchmarkAccept takes in jobs from 32 senders at once while they are worked.
func BenchmarkAccept(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			address := storetest.SQLite(b)
			if kind == "postgres" {
				address = storetest.Postgres(b)
			}
			h := newHandler(func(context.Context, app.Attempt, app.Job) error { return nil })
			h.news = make(chan struct{}, 10_000_000)
			q, err := jobs.New(b.Context(), jobs.Config{Store: storetest.Open(b, store.Config{URL: address}), Handler: h, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			if err := q.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			var n atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range 32 {
				wg.Go(func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						if err := q.Accept(b.Context(), review(fmt.Sprint("job", i)), nil); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
			b.StopTimer()
			if err := q.Stop(context.WithoutCancel(b.Context())); err != nil {
				b.Error(err)
			}
		})
	}
}
