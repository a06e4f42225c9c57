package github

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/chiselbot/chiselbot/app"
)

const (
	// maxAnswerBytes bounds an answer. The largest that GitHub gives is a tree, of 7 MB.
	maxAnswerBytes = 64 << 20
	// maxErrorBytes bounds what is read of an answer that is an error.
	maxErrorBytes = 64 << 10
	// attempts is how often reading is tried when GitHub or the way to it is disturbed.
	attempts = 3
	// pause is the time before the second attempt; it doubles.
	pause = 500 * time.Millisecond
	// minSilence is the least time of silence after a secondary limit that names none. It
	// doubles with each in a row, up to maxSilence.
	// https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately
	minSilence = time.Minute
	maxSilence = time.Hour
)

// A gate is closed for an installation that GitHub told to wait. To go on nevertheless
// may get the App banned.
type gate struct {
	mu        sync.Mutex
	until     time.Time
	secondary bool
	row       int // secondary limits without a word of how long, in a row
}

// check is a *app.RateLimited while the gate is closed.
func (g *gate) check(now time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Before(g.until) {
		return &app.RateLimited{Until: g.until, Secondary: g.secondary}
	}
	return nil
}

func (g *gate) shut(until time.Time, secondary bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until.After(g.until) {
		g.until, g.secondary = until, secondary
	}
	return &app.RateLimited{Until: g.until, Secondary: g.secondary}
}

// backOff is how long to wait when GitHub does not say.
func (g *gate) backOff() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	wait := min(minSilence<<min(g.row, 10), maxSilence)
	g.row++
	return wait
}

func (g *gate) passed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.row = 0
}

// A transport is the way to GitHub for one installation, or for the App itself. It is
// below authentication.
type transport struct {
	client       *Client
	installation int64 // 0 for the App
	gate         *gate
	// forTokens is the App's own way, by which an installation gets its token.
	forTokens *transport
}

// RoundTrip sends a request unless GitHub wants none, and reads what the answer says of
// its limits. What only reads is tried again when GitHub does not answer or says that it
// cannot; what writes is not, because it may have been done.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.forTokens != nil && isForToken(req) {
		return t.forTokens.RoundTrip(req)
	}
	ctx := req.Context()
	if createsContent(req) {
		if err := t.gate.check(time.Now()); err != nil {
			closeBody(req)
			return nil, err
		}
		if err := t.client.config.Ledger.Spend(ctx, t.installation); err != nil {
			closeBody(req)
			return nil, err
		}
	}
	for attempt := 1; ; attempt++ {
		if err := t.gate.check(time.Now()); err != nil {
			closeBody(req)
			return nil, err
		}
		resp, err := t.send(req)
		disturbed := err != nil || resp.StatusCode >= 500
		if disturbed && attempt < attempts && repeatable(req) && ctx.Err() == nil {
			if resp != nil {
				_ = resp.Body.Close() // it says nothing of use
			}
			if req, err = again(req); err != nil {
				return nil, err
			}
			if err := sleep(ctx, pause<<(attempt-1)); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		return t.read(resp)
	}
}

// send sends a request and bounds its time and its answer, the body included.
func (t *transport) send(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), requestTimeout)
	ask, key, known := t.client.answers.ask(req.WithContext(ctx), t.installation)
	resp, err := t.client.config.Transport.RoundTrip(ask)
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = &boundedBody{body: resp.Body, left: io.LimitReader(resp.Body, maxAnswerBytes), cancel: cancel}
	return t.client.answers.take(resp, key, known)
}

// A boundedBody ends its request's time when it is closed or read whole. The library does
// not close the bodies of errors.
type boundedBody struct {
	body   io.Closer
	left   io.Reader
	cancel context.CancelFunc
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.left.Read(p)
	if err != nil {
		b.cancel()
	}
	return n, err
}

func (b *boundedBody) Close() error {
	b.cancel()
	return b.body.Close()
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// repeatable reports whether a request can be sent again: all reading, which includes
// queries, and getting a token.
func repeatable(req *http.Request) bool {
	return req.Method == http.MethodGet || isQuery(req) || isForToken(req)
}

func isForToken(req *http.Request) bool { return strings.HasSuffix(req.URL.Path, "/access_tokens") }

func isQuery(req *http.Request) bool { return strings.HasSuffix(req.URL.Path, "/graphql") }

// createsContent reports whether GitHub counts a request as one that people see the
// result of. https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
func createsContent(req *http.Request) bool {
	path := req.URL.Path
	switch {
	case req.Method != http.MethodPost || isQuery(req):
		return false
	case isForToken(req), strings.HasSuffix(path, "/attempts"), strings.HasSuffix(path, "/conversions"):
		return false
	case strings.HasSuffix(path, "/git/blobs"), strings.HasSuffix(path, "/git/trees"), strings.HasSuffix(path, "/git/commits"):
		return false
	}
	return true
}

func again(req *http.Request) (*http.Request, error) {
	next := req.Clone(req.Context())
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		next.Body = body
	}
	return next, nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close() // it was not read
	}
}

// read takes in what an answer says of limits. One that says that a limit is reached
// becomes an error, and closes the gate.
func (t *transport) read(resp *http.Response) (*http.Response, error) {
	now := time.Now()
	quota, known := t.quota(resp.Header)
	if known {
		t.client.config.Observe(quota)
	}
	if resp.StatusCode < 400 {
		t.gate.passed()
		if known && quota.Remaining == 0 { // the next request would be one too many
			_ = t.gate.shut(quota.Reset, false)
		}
		return resp, nil
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBytes))
	_ = resp.Body.Close() // read whole, or what came of it
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	if resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusTooManyRequests {
		return resp, nil
	}
	wait, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	switch {
	case err == nil:
		return nil, t.gate.shut(now.Add(time.Duration(wait)*time.Second), true)
	case known && quota.Remaining == 0:
		return nil, t.gate.shut(quota.Reset, false)
	case resp.StatusCode == http.StatusTooManyRequests || bytes.Contains(bytes.ToLower(data), []byte("secondary rate limit")):
		return nil, t.gate.shut(now.Add(t.gate.backOff()), true)
	}
	return resp, nil
}

// quota is what the headers say. An Enterprise Server without limits says nothing.
func (t *transport) quota(h http.Header) (Quota, bool) {
	limit, err1 := strconv.Atoi(h.Get("X-Ratelimit-Limit"))
	remaining, err2 := strconv.Atoi(h.Get("X-Ratelimit-Remaining"))
	reset, err3 := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return Quota{}, false
	}
	return Quota{
		Installation: t.installation, Resource: h.Get("X-Ratelimit-Resource"), Limit: limit, Remaining: remaining, Reset: time.Unix(reset, 0),
	}, true
}
