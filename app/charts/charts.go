// Package charts fetches the charts that others depend on, from OCI registries and from
// HTTP repositories, for [chart.Find].
//
// The operator names the places that it may fetch from; whoever wrote a Chart.yaml has no
// say in that. What those places lead to, by an index, a redirect or a request for a
// token, is fetched only from hosts that are named too. Every archive is compared with
// the digest that its registry or index gives, and what is fetched is bounded in bytes,
// in requests' time and in redirects. Requests carry no credentials.
//
// The package does not unpack what it fetches and knows nothing of what is in it.
package charts

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// The limits of one fetch. The biggest public charts have some two mebibytes, the biggest
// index twenty.
const (
	maxTime    = 30 * time.Second
	maxIndex   = 64 << 20
	maxArchive = 16 << 20
	maxBytes   = maxIndex + maxArchive // of all answers together
)

// fresh is for how long an answer counts: the two sides of a change, and the many proofs
// of a fix, ask for the same, and a host that is down is not asked again by each of them.
const fresh = 5 * time.Minute

// maxAnswers is how many answers are remembered.
const maxAnswers = 1000

// Config says what a [Source] may do.
type Config struct {
	// From are the places that charts may be fetched from, as [ParsePlace] reads them.
	From []Place
	// Cache remembers archives; nil stands for none.
	Cache Cache
	// Roots are the certificate authorities; nil stands for the system's.
	Roots *x509.CertPool
	// Now gives the time.
	Now func() time.Time
}

// A Cache remembers data by names, which begin with "chart/" and end with a digest: what
// has a name never changes. What it forgets is fetched again.
type Cache interface {
	Objects(ctx context.Context, names []string) (map[string][]byte, error)
	KeepObjects(ctx context.Context, objects map[string][]byte) error
}

// A Source fetches charts. It is safe for concurrent use.
type Source struct {
	config    Config
	transport http.RoundTripper

	mu      sync.Mutex
	answers map[question]*answer
	indexes map[string]*index
}

// A question is what [Source.Fetch] is asked.
type question struct{ repository, name, version string }

// An answer is what became of a question.
type answer struct {
	mu     sync.Mutex // held while it is looked for
	until  time.Time
	digest string
	err    error
}

// New makes a source.
func New(config Config) *Source {
	s := &Source{config: config, answers: map[question]*answer{}, indexes: map[string]*index{}}
	s.transport = &gate{places: config.From, next: dialing(config)}
	return s
}

// chartName is what Helm takes for a chart's name
// (https://helm.sh/docs/topics/charts/#the-chartyaml-file), which is also a part of a path.
var chartName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// Fetch gives the archive of a chart, or nil when its repository is not among the places
// that may be fetched from. The version is a range, of which the newest is taken as Helm
// does. Errors say what the operator can do about it and have no secrets of addresses.
func (s *Source) Fetch(ctx context.Context, repository, name, version string) ([]byte, error) {
	if !chartName.MatchString(name) {
		return nil, fmt.Errorf("fetch chart %q: this is not a chart's name", name)
	}
	allowed, err := allows(s.config.From, repository)
	if err != nil || !allowed {
		return nil, err
	}
	q := question{strings.TrimRight(repository, "/"), name, version}
	a := s.answer(q)
	a.mu.Lock()
	defer a.mu.Unlock()
	now := s.config.Now()
	if now.Before(a.until) {
		if a.err != nil {
			return nil, a.err
		}
		if data := s.cached(ctx, a.digest); data != nil {
			return data, nil
		}
	}
	limited, cancel := context.WithTimeoutCause(ctx, maxTime, fmt.Errorf("it took more than %v", maxTime))
	defer cancel()
	data, err := s.fetch(limited, q)
	if ctx.Err() != nil {
		return nil, ctx.Err() // whoever asked is gone, which says nothing of the chart
	}
	if err != nil {
		err = fmt.Errorf("fetch chart %s from %s: %w", name, repository, plain(limited, err))
	}
	a.until, a.digest, a.err = now.Add(fresh), digestOf(data), err
	return data, err
}

// answer is the one to a question, to be looked at under its lock.
func (s *Source) answer(q question) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.answers[q]
	if a == nil {
		if len(s.answers) >= maxAnswers {
			clear(s.answers)
		}
		a = &answer{}
		s.answers[q] = a
	}
	return a
}

func (s *Source) fetch(ctx context.Context, q question) ([]byte, error) {
	client := &http.Client{Transport: &meter{next: s.transport, left: maxBytes}, CheckRedirect: fewRedirects}
	if rest, oci := strings.CutPrefix(q.repository, "oci://"); oci {
		return s.fromRegistry(ctx, client, rest+"/"+q.name, q.version, "")
	}
	return s.fromIndex(ctx, client, q)
}

// verified gives an archive with a digest: from the cache, or from whoever has it.
func (s *Source) verified(ctx context.Context, digest string, download func() ([]byte, error)) ([]byte, error) {
	if data := s.cached(ctx, digest); data != nil {
		return data, nil
	}
	data, err := download()
	if err != nil {
		return nil, err
	}
	if got := digestOf(data); digest != "" && got != digest {
		return nil, fmt.Errorf("the archive has the digest %s and should have %s: it was changed or damaged", got, digest)
	}
	if s.config.Cache != nil {
		// A cache that cannot keep something costs a request, and no review.
		_ = s.config.Cache.KeepObjects(ctx, map[string][]byte{"chart/" + digestOf(data): data})
	}
	return data, nil
}

// cached gives an archive that the cache has, if it is what its name says.
func (s *Source) cached(ctx context.Context, digest string) []byte {
	if s.config.Cache == nil || digest == "" {
		return nil
	}
	name := "chart/" + digest
	found, err := s.config.Cache.Objects(ctx, []string{name})
	if err != nil || digestOf(found[name]) != digest {
		return nil
	}
	return found[name]
}

// digestOf is the digest of data as registries write it, empty for none.
func digestOf(data []byte) string {
	if data == nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// normal is a digest as registries write it. Indexes have it without the algorithm.
func normal(digest string) (string, error) {
	digest = strings.ToLower(strings.TrimSpace(digest))
	if digest == "" {
		return "", nil
	}
	sum := strings.TrimPrefix(digest, "sha256:")
	if raw, err := hex.DecodeString(sum); err != nil || len(raw) != sha256.Size {
		return "", fmt.Errorf("its digest %q is not one of SHA-256", digest)
	}
	return "sha256:" + sum, nil
}

var errTooLarge = errors.New("it is too large")
