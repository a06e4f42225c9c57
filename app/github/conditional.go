package github

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

const (
	// maxRemembered is the largest answer that is remembered, maxMemory all of them.
	maxRemembered = 1 << 20
	maxMemory     = 16 << 20
)

// An answerCache remembers answers by their tags. GitHub does not count a request whose
// answer has not changed, as most of a sweep's lists have not.
// https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
type answerCache struct {
	mu     sync.Mutex
	known  map[string]*answer
	oldest []string
	bytes  int
}

type answer struct {
	header http.Header
	body   []byte
}

func newAnswerCache() *answerCache { return &answerCache{known: map[string]*answer{}} }

// ask is the request with the tag of the answer that is known. Whose token it has does not
// matter: that nothing has changed is said of what that token may see.
func (c *answerCache) ask(req *http.Request, installation int64) (*http.Request, string, *answer) {
	// What git names never changes and is remembered elsewhere.
	if req.Method != http.MethodGet || strings.Contains(req.URL.Path, "/git/") || strings.Contains(req.URL.Path, "/compare/") {
		return req, "", nil
	}
	key := fmt.Sprintf("%d %s %s", installation, req.Header.Get("Accept"), req.URL)
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.known[key]
	if known != nil {
		req = req.Clone(req.Context())
		req.Header.Set("If-None-Match", known.header.Get("Etag"))
	}
	return req, key, known
}

// take is the answer as if it had come whole, and remembers one that can be.
func (c *answerCache) take(resp *http.Response, key string, known *answer) (*http.Response, error) {
	switch {
	case known != nil && resp.StatusCode == http.StatusNotModified:
		_ = resp.Body.Close() // it is empty
		header := known.header.Clone()
		for name, values := range resp.Header {
			if strings.HasPrefix(name, "X-Ratelimit-") {
				header[name] = values
			}
		}
		resp.StatusCode, resp.Status, resp.Header = http.StatusOK, "200 OK", header
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(known.body)), int64(len(known.body))
		return resp, nil
	case key == "" || resp.StatusCode != http.StatusOK || resp.Header.Get("Etag") == "" || resp.ContentLength > maxRemembered:
		return resp, nil
	}
	head, err := io.ReadAll(io.LimitReader(resp.Body, maxRemembered+1))
	if err != nil {
		_ = resp.Body.Close() // it was cut off
		return nil, err
	}
	if len(head) > maxRemembered {
		resp.Body = &joinedBody{io.MultiReader(bytes.NewReader(head), resp.Body), resp.Body}
		return resp, nil
	}
	_ = resp.Body.Close() // read whole
	resp.Body = io.NopCloser(bytes.NewReader(head))
	c.remember(key, &answer{header: maps.Clone(resp.Header), body: head})
	return resp, nil
}

func (c *answerCache) remember(key string, a *answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.known[key]; old != nil {
		c.bytes -= len(old.body)
		c.oldest = slices.DeleteFunc(c.oldest, func(k string) bool { return k == key })
	}
	c.known[key] = a
	c.oldest = append(c.oldest, key)
	c.bytes += len(a.body)
	for c.bytes > maxMemory {
		c.bytes -= len(c.known[c.oldest[0]].body)
		delete(c.known, c.oldest[0])
		c.oldest = c.oldest[1:]
	}
}

type joinedBody struct {
	io.Reader
	io.Closer
}
