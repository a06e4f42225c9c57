// Command load measures a chiselbot server under load, on this machine alone: a GitHub in
// this process, and "chiselbot serve" in one of its own.
//
//	go build -o /tmp/chiselbot ./cmd/chiselbot && go run ./cmd/load /tmp/chiselbot
//
// It prints how long the server takes to be ready, how it takes deliveries in, how fast
// reviews come, and what memory it needed.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"
)

func main() {
	var l load
	flag.IntVar(&l.rate, "rate", 1000, "deliveries a second")
	flag.DurationVar(&l.span, "for", 10*time.Second, "how long deliveries come, and then pull requests")
	flag.IntVar(&l.pulls, "pulls", 20, "pull requests a second")
	flag.StringVar(&l.database, "database", "", "postgres://… (default: a new SQLite file)")
	flag.Usage = func() {
		_, _ = fmt.Fprintln(flag.CommandLine.Output(), "usage: load [flags] PATH_OF_CHISELBOT")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	l.program, l.out = flag.Arg(0), os.Stdout
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := l.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// load is one measurement.
type load struct {
	program, database string
	rate, pulls       int
	span              time.Duration
	out               io.Writer
}

func (l load) run(ctx context.Context) error {
	b, err := newBench(ctx, l)
	if err != nil {
		return err
	}
	defer b.close()
	for _, part := range []func(context.Context) error{b.becomeReady, b.measureReviews, b.measureDeliveries} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// say prints a result; a terminal that is gone does not matter.
func (l load) say(format string, args ...any) { _, _ = fmt.Fprintf(l.out, format, args...) }

// quantiles says how times are distributed.
func quantiles(times []time.Duration) string {
	slices.Sort(times)
	at := func(q float64) time.Duration {
		return times[min(len(times)-1, int(q*float64(len(times))))].Round(10 * time.Microsecond)
	}
	return fmt.Sprintf("p50 %s, p90 %s, p99 %s, max %s", at(.5), at(.9), at(.99), at(1))
}
