package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/app/telemetry"
)

func TestLogger(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l, err := telemetry.NewLogger(&out, "json", "info")
	if err != nil {
		t.Fatal(err)
	}
	outer := telemetry.With(t.Context(), slog.String("delivery", "d"))
	one := telemetry.With(outer, slog.Int("pr", 1))
	two := telemetry.With(outer, slog.Int("pr", 2))
	l.InfoContext(one, "hello", slog.String("own", "x"))
	l.With("w", 1).WithGroup("g").InfoContext(two, "hello")
	l.DebugContext(one, "not shown")
	quiet := telemetry.Quiet(l)
	quiet.InfoContext(one, "not shown")
	quiet.With("lib", "x").WarnContext(one, "shown")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines:\n%s", len(lines), out.String())
	}
	var first map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatal(err)
	}
	if first["delivery"] != "d" || first["pr"] != 1.0 || first["own"] != "x" || first["msg"] != "hello" {
		t.Errorf("line %s", lines[0])
	}
	if !strings.Contains(lines[1], `"pr":2`) {
		t.Errorf("line %s", lines[1])
	}
	for _, bad := range [][2]string{{"xml", "info"}, {"json", "loud"}} {
		if _, err := telemetry.NewLogger(&out, bad[0], bad[1]); err == nil {
			t.Errorf("format %s with level %s was taken", bad[0], bad[1])
		}
	}
}

func get(h http.Handler) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", http.NoBody))
	return w
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics("v1")
	m.Delivery("push", "accepted", 2*time.Millisecond)
	m.Job("review", "done", time.Second, time.Second)
	m.Part("read", time.Second)
	m.Review("failure", map[string]int{"error": 2})
	m.Quota(7, "core", 5000, 4999)
	var broken bool
	m.WatchQueue(func(context.Context) ([]telemetry.Depth, error) {
		if broken {
			return nil, errors.New("the database is away")
		}
		return []telemetry.Depth{{Queue: "sweeps", State: "available", Jobs: 3, Oldest: time.Now()}}, nil
	})
	says := get(m).Body.String()
	for _, want := range []string{
		`chiselbot_deliveries_total{event="push",outcome="accepted"} 1`, `chiselbot_delivery_seconds_bucket{le="0.0025"} 1`,
		`chiselbot_jobs_total{kind="review",result="done"} 1`, `chiselbot_review_seconds_count{part="read"} 1`,
		`chiselbot_findings_total{severity="error"} 2`, `chiselbot_github_requests_left{installation="7",resource="core"} 4999`,
		`chiselbot_queue_jobs{queue="sweeps",state="available"} 3`, `chiselbot_info{version="v1"} 1`, "go_goroutines",
	} {
		if !strings.Contains(says, want) {
			t.Errorf("the metrics do not say %s", want)
		}
	}
	broken = true
	if w := get(m); w.Code != http.StatusInternalServerError {
		t.Errorf("status %d when the queue cannot be measured", w.Code)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	if w := get(http.HandlerFunc(telemetry.Healthz)); w.Code != 200 {
		t.Errorf("alive: status %d", w.Code)
	}
	var err error
	h := telemetry.Readyz(slog.New(slog.DiscardHandler),
		telemetry.Check{Name: "database", Do: func(context.Context) error { return nil }},
		telemetry.Check{Name: "github", Do: func(context.Context) error { return err }})
	if w := get(h); w.Code != 200 || !strings.Contains(w.Body.String(), `"github":"ok"`) {
		t.Errorf("ready: status %d, %s", w.Code, w.Body)
	}
	err = errors.New("the key of customer 7 is wrong")
	if w := get(h); w.Code != 503 || !strings.Contains(w.Body.String(), `"github":"failed"`) || strings.Contains(w.Body.String(), "customer") {
		t.Errorf("not ready: status %d, %s", w.Code, w.Body)
	}
}
