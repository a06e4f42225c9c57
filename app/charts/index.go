package charts

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	"go.yaml.in/yaml/v4"
)

// maxWhole is how much of an index is parsed, which takes ten times the memory.
const maxWhole = 8 << 20

// maxIndexes is how many indexes are remembered: they are large.
const maxIndexes = 2

// An index is the text of an index.yaml.
// https://helm.sh/docs/topics/chart_repository/#the-index-file
type index struct {
	text  string
	until time.Time
}

// An entry is one version of a chart in an index.
type entry struct {
	Version string   `yaml:"version"`
	URLs    []string `yaml:"urls"`
	Digest  string   `yaml:"digest"`
}

// fromIndex fetches a chart from an HTTP repository.
func (s *Source) fromIndex(ctx context.Context, client *http.Client, q question) ([]byte, error) {
	text, err := s.index(ctx, client, q.repository)
	if err != nil {
		return nil, err
	}
	entries, err := entriesOf(text, q.name)
	if err != nil {
		return nil, err
	}
	found, err := pick(entries, q.version, func(e entry) string { return e.Version })
	if err != nil {
		return nil, err
	}
	if len(found.URLs) == 0 {
		return nil, fmt.Errorf("the index has no address of version %s", found.Version)
	}
	at, err := url.Parse(q.repository + "/")
	if err == nil {
		at, err = at.Parse(found.URLs[0])
	}
	if err != nil {
		return nil, fmt.Errorf("the index has an address of version %s that is none", found.Version)
	}
	digest, err := normal(found.Digest)
	if err != nil {
		return nil, err
	}
	switch at.Scheme {
	case "https":
	case "oci": // as Bitnami's does
		folder, tag, tagged := strings.Cut(at.Path, ":")
		if !tagged {
			tag = found.Version
		}
		return s.fromRegistry(ctx, client, at.Host+folder, strings.ReplaceAll(tag, "_", "+"), digest)
	default:
		return nil, fmt.Errorf("the index leads to %s, which is not an address with https", at.Redacted())
	}
	return s.verified(ctx, digest, func() ([]byte, error) { return get(ctx, client, at.String(), maxArchive) })
}

// index gives the text of a repository's index.
func (s *Source) index(ctx context.Context, client *http.Client, repository string) (string, error) {
	now := s.config.Now()
	s.mu.Lock()
	known := s.indexes[repository]
	s.mu.Unlock()
	if known != nil && now.Before(known.until) {
		return known.text, nil
	}
	data, err := get(ctx, client, repository+"/index.yaml", maxIndex)
	if err != nil {
		return "", fmt.Errorf("read index.yaml: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.indexes) >= maxIndexes {
		clear(s.indexes)
	}
	s.indexes[repository] = &index{string(data), now.Add(fresh)}
	return string(data), nil
}

// get reads an address.
func get(ctx context.Context, client *http.Client, address string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, errors.New("this is not an address")
	}
	req.Header.Set("User-Agent", "chiselbot")
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	if resp.ContentLength > limit {
		return nil, fmt.Errorf("%w: more than %d MiB", errTooLarge, limit>>20)
	}
	return atMost(resp.Body, limit)
}

// entriesOf are the versions of one chart. Of an index as Helm writes it only that chart
// is parsed: some have a hundred thousand entries.
func entriesOf(text, name string) ([]entry, error) {
	var entries []entry
	if part, ok := section(text, name); ok {
		if len(part) > maxWhole {
			return nil, fmt.Errorf("the index has more than %d MiB of the chart", maxWhole>>20)
		}
		if err := yaml.Unmarshal([]byte(part), &entries); err != nil {
			return nil, fmt.Errorf("the index cannot be read: %w", err)
		}
	} else {
		if len(text) > maxWhole {
			return nil, fmt.Errorf("the index is not written as Helm does and has more than %d MiB", maxWhole>>20)
		}
		var all struct {
			Entries map[string][]entry `yaml:"entries"`
		}
		if err := yaml.Unmarshal([]byte(text), &all); err != nil {
			return nil, fmt.Errorf("the index cannot be read: %w", err)
		}
		entries = all.Entries[name]
	}
	if len(entries) == 0 {
		return nil, errors.New("the index has no chart of that name")
	}
	return entries, nil
}

// section is the list of a chart's versions in an index in Helm's own style: keys in
// blocks, those of the charts two spaces deep. It is empty where there is no such chart,
// and not ok where the style is another.
func section(text, name string) (list string, ok bool) {
	_, rest, ok := strings.Cut("\n"+text, "\nentries:\n")
	if !ok {
		return "", false
	}
	var b strings.Builder
	inside, depth := false, 0
	for line := range strings.Lines(rest) {
		body := strings.TrimLeft(line, " ")
		indent := len(line) - len(body)
		switch {
		case strings.TrimSpace(body) == "" || body[0] == '#':
		case indent == 0:
			return b.String(), depth > 0 // the key after the entries
		case depth == 0 && (body[0] == '-' || indent > 8):
			return "", false
		case depth == 0 || indent <= depth && body[0] != '-':
			if depth == 0 {
				depth = indent
			}
			if indent != depth {
				return "", false
			}
			key, after, _ := strings.Cut(strings.TrimRight(body, "\r\n"), ":")
			if strings.TrimSpace(after) != "" || strings.ContainsAny(key, "\"'&*{[ ") {
				return "", false
			}
			if inside {
				return b.String(), true
			}
			inside = key == name
			continue
		case indent < depth:
			return "", false
		}
		if inside {
			b.WriteString(line)
		}
	}
	return b.String(), depth > 0
}

// pick chooses the version of a chart as Helm does: the very one that is named, or else
// the newest within the range.
// https://helm.sh/docs/chart_best_practices/dependencies/#versions
func pick[T any](all []T, constraint string, version func(T) string) (T, error) {
	var best T
	if constraint == "" {
		constraint = "*"
	}
	within, err := semver.NewConstraint(constraint)
	if err != nil {
		return best, fmt.Errorf("%q is not a range of versions", constraint)
	}
	var newest *semver.Version
	for _, one := range all {
		if version(one) == constraint {
			return one, nil
		}
		v, err := semver.NewVersion(version(one))
		if err == nil && within.Check(v) && (newest == nil || v.GreaterThan(newest)) {
			best, newest = one, v
		}
	}
	if newest == nil {
		return best, fmt.Errorf("there is no version within %q", constraint)
	}
	return best, nil
}
