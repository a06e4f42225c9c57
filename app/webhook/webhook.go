// Package webhook takes GitHub's deliveries: it verifies each, turns it into at most one
// job, has that made durable and answers. The work itself is for later, because GitHub
// cuts the connection after ten seconds and never delivers again by itself.
//
// It makes no API call, and what it does not understand it does not take.
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/telemetry"
)

// MaxBody is the largest payload; GitHub does not send an event that has a larger one.
const MaxBody = 25 << 20

// maxMemory is how much all payloads under way may have together. Who they come from is
// known only once they are read.
const maxMemory = 4 * MaxBody

// An Intake makes jobs durable.
type Intake interface {
	Accept(ctx context.Context, job app.Job, sighting *app.Sighting) error
}

// Config is what deliveries are checked against and where they go.
type Config struct {
	// Identity returns the App's id and all secrets that are accepted; none before the App
	// is set up.
	Identity func() (self int64, secrets []string)
	Intake   Intake
	Logger   *slog.Logger
	// Done, when set, is told of each delivery: its event, "unknown" when it has no route,
	// and what became of it.
	Done func(event, outcome string, took time.Duration)
}

// New makes the handler.
func New(c Config) http.Handler {
	return &handler{Config: c, memory: semaphore.NewWeighted(maxMemory)}
}

type handler struct {
	Config
	memory *semaphore.Weighted
}

// An answer is what GitHub shows beside a delivery.
type answer struct {
	status  int
	outcome string // for metrics
	says    string
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	event, guid := r.Header.Get("X-GitHub-Event"), r.Header.Get("X-GitHub-Delivery")
	if isGUID(guid) {
		r = r.WithContext(telemetry.With(r.Context(), slog.String("delivery", guid)))
	}
	a := h.handle(w, r, event, guid)
	if h.Done != nil {
		h.Done(eventLabel(event), a.outcome, time.Since(start))
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.says+"\n") // GitHub may be gone; the job is not
}

func eventLabel(event string) string {
	for _, r := range routes {
		if r.event == event {
			return event
		}
	}
	return "unknown" // a stranger's word is no label
}

func (h *handler) handle(w http.ResponseWriter, r *http.Request, event, guid string) answer {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return answer{http.StatusMethodNotAllowed, "refused", "Webhooks are posted."}
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return answer{http.StatusUnsupportedMediaType, "refused", "Set the content type of the webhook to application/json."}
	}
	if !isGUID(guid) || event == "" {
		return answer{http.StatusBadRequest, "refused", "X-GitHub-Delivery or X-GitHub-Event is missing."}
	}
	self, secrets := h.Identity()
	if len(secrets) == 0 {
		return answer{http.StatusServiceUnavailable, "failed", "The App is not set up yet."}
	}
	signature, ok := signatureOf(r.Header.Get("X-Hub-Signature-256"))
	if !ok {
		return answer{http.StatusUnauthorized, "refused", "X-Hub-Signature-256 is missing: give the webhook a secret."}
	}
	body, free, a := h.read(w, r)
	if a.status != 0 {
		return a
	}
	defer free()
	if !signed(body, signature, secrets) {
		h.Logger.WarnContext(r.Context(), "refuse delivery: it is not signed with our secret")
		return answer{http.StatusUnauthorized, "refused", "The signature is not of this App's secret."}
	}

	if event == "ping" {
		return answer{http.StatusOK, "ignored", "pong"}
	}
	routed, err := Route(event, guid, body, self)
	if err != nil {
		h.Logger.ErrorContext(r.Context(), "refuse delivery", slog.String("event", event), slog.Any("error", err))
		return answer{http.StatusBadRequest, "refused", "The payload is not what the event promises."}
	}
	if routed.Job == nil {
		h.Logger.DebugContext(r.Context(), "ignore delivery", slog.String("event", event), slog.String("reason", routed.Ignored))
		return answer{http.StatusAccepted, "ignored", "Nothing to do: " + routed.Ignored + "."}
	}
	ctx := telemetry.With(r.Context(), routed.Job.About()...)
	if err := h.Intake.Accept(ctx, routed.Job, routed.Sighting); err != nil {
		h.Logger.ErrorContext(ctx, "take in delivery", slog.String("event", event), slog.Any("error", err))
		return answer{http.StatusServiceUnavailable, "failed", "It could not be stored. It will be asked for again."}
	}
	h.Logger.InfoContext(ctx, "accept delivery", slog.String("event", event), slog.String("kind", routed.Job.Kind()))
	return answer{http.StatusAccepted, "accepted", "Accepted."}
}

// read reads the payload. Unless it answers, the caller calls free. Memory is set aside
// for what has come, not for what is announced, or a few slow strangers could have it all.
func (h *handler) read(w http.ResponseWriter, r *http.Request) (body []byte, free func(), _ answer) {
	tooLarge := answer{http.StatusRequestEntityTooLarge, "refused", "The payload is larger than 25 MB."}
	if r.ContentLength > MaxBody {
		return nil, nil, tooLarge
	}
	var taken int64
	free = func() { h.memory.Release(taken) }
	in := http.MaxBytesReader(w, r.Body, MaxBody)
	for {
		if len(body) == cap(body) {
			more := int64(max(cap(body), 32<<10))
			if !h.memory.TryAcquire(more) {
				free()
				return nil, nil, answer{http.StatusServiceUnavailable, "failed", "Too much comes in at once."}
			}
			taken += more
			body = append(make([]byte, 0, taken), body...)
		}
		n, err := in.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch large := (*http.MaxBytesError)(nil); {
		case err == nil:
			continue
		case errors.Is(err, io.EOF):
			return body, free, answer{}
		case errors.As(err, &large):
			free()
			return nil, nil, tooLarge
		}
		free()
		return nil, nil, answer{http.StatusBadRequest, "refused", "The payload did not arrive whole."}
	}
}

// signatureOf reads the header of a signature.
func signatureOf(header string) ([]byte, bool) {
	text, ok := strings.CutPrefix(header, "sha256=")
	if !ok || len(text) != hex.EncodedLen(sha256.Size) {
		return nil, false
	}
	signature, err := hex.DecodeString(text)
	return signature, err == nil
}

// signed reports whether one of the secrets signed the body. All are tried, so that the
// time does not tell which.
func signed(body, signature []byte, secrets []string) bool {
	ok := false
	for _, secret := range secrets {
		if secret == "" {
			continue // anybody can sign with it
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		ok = hmac.Equal(mac.Sum(nil), signature) || ok
	}
	return ok
}

// isGUID reports whether s can name a delivery. It goes into the database and the logs.
func isGUID(s string) bool {
	return len(s) >= 8 && len(s) <= 64 && strings.Trim(s, "0123456789abcdefABCDEF-") == ""
}
