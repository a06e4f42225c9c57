package githubtest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A reply is an answer. The body is JSON, or as it is when it is bytes.
type reply struct {
	status int // 0 is 200
	body   any
	header map[string]string
}

func ok(body any) (*reply, error)      { return &reply{body: body}, nil }
func created(body any) (*reply, error) { return &reply{status: http.StatusCreated, body: body}, nil }

func (r *reply) encode(req *http.Request, status int) (http.Header, []byte) {
	header := http.Header{}
	header.Set("X-Github-Api-Version-Selected", "2022-11-28")
	header.Set("X-Github-Media-Type", "github.v3; format=json")
	for name, value := range r.header {
		header.Set(name, value)
	}
	var data []byte
	switch body := r.body.(type) {
	case nil:
	case []byte:
		data = body
	default:
		var err error
		if data, err = json.Marshal(body); err != nil {
			panic(err)
		}
		header.Set("Content-Type", "application/json; charset=utf-8")
	}
	if req.Method == http.MethodGet && status == http.StatusOK {
		header.Set("Etag", fmt.Sprintf(`W/"%x"`, sha256.Sum256(data)))
	}
	return header, data
}

// page cuts the page of the request out of a list, and links to the others as GitHub
// does: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api.
func page[T any](c *call, all []T) ([]T, map[string]string) {
	size, n := c.number("per_page", 30, 100), c.number("page", 1, 1_000_000)
	last := max(1, (len(all)+size-1)/size)
	var links []string
	link := func(to int, rel string) {
		query := c.request.URL.Query()
		query.Set("page", strconv.Itoa(to))
		links = append(links, c.link(query, rel))
	}
	if n > 1 {
		link(n-1, "prev")
	}
	if n < last {
		link(n+1, "next")
		link(last, "last")
	}
	if n > 1 {
		link(1, "first")
	}
	start := min((n-1)*size, len(all))
	return all[start:min(start+size, len(all))], linkHeader(links)
}

func (c *call) link(query url.Values, rel string) string {
	return fmt.Sprintf(`<%s?%s>; rel="%s"`, c.g.api("%s", c.path), query.Encode(), rel)
}

func linkHeader(links []string) map[string]string {
	if len(links) == 0 {
		return nil
	}
	return map[string]string{"Link": strings.Join(links, ", ")}
}

// pageOf answers with a page of the list, each shown as JSON.
func pageOf[T any](c *call, all []T, show func(T) object) (*reply, error) {
	some, header := page(c, all)
	list := make([]object, 0, len(some))
	for _, one := range some {
		list = append(list, show(one))
	}
	return &reply{body: list, header: header}, nil
}

// countedPageOf is pageOf in an object that tells the total.
func countedPageOf[T any](c *call, name string, all []T, show func(T) object) (*reply, error) {
	r, err := pageOf(c, all, show)
	if err != nil {
		return nil, err
	}
	r.body = object{"total_count": len(all), name: r.body}
	return r, nil
}

// number is a number of the query, between 1 and most.
func (c *call) number(name string, without, most int) int {
	n, err := strconv.Atoi(c.request.URL.Query().Get(name))
	if err != nil || n < 1 {
		return without
	}
	return min(n, most)
}

func parseID(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// optionalStamp is null for a time that has not come.
func optionalStamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return stamp(t)
}

// optional is null for an empty text.
func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// sprintf formats only when there is something to fill in, so that texts with % pass.
func sprintf(format string, args []any) string {
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}
