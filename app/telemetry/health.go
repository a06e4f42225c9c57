package telemetry

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"
)

// A Check is one thing that must be well.
type Check struct {
	Name string
	Do   func(context.Context) error
}

// checkTime is how long the checks may take together.
const checkTime = 5 * time.Second

// Healthz says that the process lives: whoever reads it is answered by it.
func Healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n")) // whoever asked is gone
}

// Readyz says whether webhooks should come here: 200 when all is well, else 503, and what
// is not. Why, only the log tells, for errors may name what is not for everybody.
func Readyz(l *slog.Logger, checks ...Check) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), checkTime)
		defer cancel()
		status, says := http.StatusOK, map[string]string{}
		for _, c := range checks {
			says[c.Name] = "ok"
			if err := c.Do(ctx); err != nil {
				l.WarnContext(ctx, "not ready", slog.String("check", c.Name), slog.Any("error", err))
				says[c.Name], status = "failed", http.StatusServiceUnavailable
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(says) // whoever asked is gone
	}
}
