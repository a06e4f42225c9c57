package githubtest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"runtime/debug"
	"strings"
)

// maxRequestBytes bounds what a request may send.
const maxRequestBytes = 16 << 20

// A Request is one that came in.
type Request struct {
	Method, Path string // the path as in GitHub's documentation, without /api/v3
	Query, Body  string
	Status       int // 0 when no answer was given
	// Installation is the one whose token it had, 0 without.
	Installation int64
	// Limited means that it came while a limit was over the installation, which GitHub
	// punishes.
	Limited bool
}

func (r Request) String() string { return fmt.Sprintf("%s %s: %d", r.Method, r.Path, r.Status) }

// Requests are all requests since the start or since the last ForgetRequests, in the
// order of their arrival.
func (g *GitHub) Requests() []Request {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := make([]Request, len(g.requests))
	for i, r := range g.requests {
		list[i] = *r
	}
	return list
}

// ForgetRequests empties the list of requests.
func (g *GitHub) ForgetRequests() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.requests = nil
}

// Permissions are those that the requests so far needed, each "name:level", sorted.
func (g *GitHub) Permissions() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return sortedKeys(g.used)
}

// A call is one request on its way through.
type call struct {
	g            *GitHub
	request      *http.Request
	path         string // without /api/v3
	log          *Request
	body         []byte
	app          *App
	installation *Installation
	token        *tokenClaims // of the installation
	repo         *Repository
}

// unknown reports what this GitHub cannot do.
func (g *GitHub) unknown(what string) error {
	g.options.Report(what)
	return &problem{status: http.StatusNotImplemented, message: "githubtest: " + what}
}

// reportPanic reports a mistake of this package, which the client sees as a dropped
// connection.
func (g *GitHub) reportPanic() {
	switch p := recover(); p {
	case nil:
	case http.ErrAbortHandler:
		panic(p)
	default:
		g.options.Report(fmt.Sprintf("%v\n%s", p, debug.Stack()))
		panic(http.ErrAbortHandler)
	}
}

// ServeHTTP answers the API, under both of its addresses, and the page of the browser's
// that registering an App needs.
func (g *GitHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer g.reportPanic()
	path := r.URL.EscapedPath()
	for _, prefix := range []string{"/api/v3", "/api"} {
		if rest, ok := strings.CutPrefix(path, prefix); ok && strings.HasPrefix(rest, "/") {
			path = rest
			break
		}
	}
	route := find(r, path)
	switch {
	case route == nil && g.pages != nil && path == r.URL.EscapedPath():
		g.pages.ServeHTTP(w, r)
		return
	case route == nil:
		route = &unknownRoute
	}
	g.serve(w, r, path, route)
}

var unknownRoute = route{as: anyone, serve: func(c *call) (*reply, error) {
	return nil, c.g.unknown(c.request.Method + " " + c.path + " is not among what is used")
}}

// serve takes a request through faults, authentication, limits and its handler.
func (g *GitHub) serve(w http.ResponseWriter, r *http.Request, path string, route *route) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
	if err != nil {
		http.Error(w, "the request is too large or was cut off", http.StatusBadRequest)
		return
	}
	c := &call{g: g, request: r, path: path, body: body}

	g.mu.Lock()
	c.log = &Request{Method: r.Method, Path: path, Query: r.URL.RawQuery, Body: string(body)}
	g.requests = append(g.requests, c.log)
	fault := g.nextFault(*c.log)
	g.inFlight++
	g.mu.Unlock()
	defer func() { // even when the connection is dropped
		g.mu.Lock()
		defer g.mu.Unlock()
		g.inFlight--
	}()
	if fault != nil && fault.before(w, r) {
		return
	}

	out := g.answer(c, route, fault)
	status := cmp.Or(out.status, http.StatusOK)
	header, data := out.encode(r, status)
	if tag := header.Get("Etag"); tag != "" && tag == r.Header.Get("If-None-Match") {
		status, data = http.StatusNotModified, nil
	}
	g.count(c, header, status)
	maps.Copy(w.Header(), header)
	if fault != nil && fault.after(w, r, status, data) {
		return
	}
	w.WriteHeader(status)
	_, _ = w.Write(data) // the client may be gone
}

// answer is the part of a request that nothing else happens during.
func (g *GitHub) answer(c *call, route *route, fault *Fault) *reply {
	g.mu.Lock()
	defer g.mu.Unlock()
	err := c.authenticate(route.as)
	if err == nil {
		err = g.limit(c, route, fault)
	}
	if err == nil {
		err = c.authorize(route)
	}
	if err != nil {
		return problemReply(err)
	}
	out, err := route.serve(c)
	if err != nil {
		return problemReply(err)
	}
	return out
}

// decode reads the body of a request. A field that this GitHub does not know is
// reported: GitHub would ignore it in silence.
func (c *call) decode(into any) error {
	if len(c.body) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), "unknown field"):
		return c.g.unknown(fmt.Sprintf("%s %s: %v", c.request.Method, c.path, err))
	default:
		return &problem{status: http.StatusBadRequest, message: "Problems parsing JSON"}
	}
}

// id is a number in the path.
func (c *call) id(name string) int64 {
	n, _ := parseID(c.request.PathValue(name)) // nothing has the id 0
	return n
}

// A problem is an answer that is an error.
type problem struct {
	status  int
	message string
	errors  any
	header  map[string]string
	docs    string
	graphql string // the type of an error of GraphQL's
}

func (p *problem) Error() string { return p.message }

const docsURL = "https://docs.github.com/rest"

func notFound() error { return &problem{status: http.StatusNotFound, message: "Not Found"} }

func forbidden() error {
	return &problem{status: http.StatusForbidden, message: "Resource not accessible by integration"}
}

// invalid is the answer to values that GitHub does not take. A field error without a code
// is text.
func invalid(resource string, fields ...fieldError) error {
	var list []object
	for _, f := range fields {
		e := object{"resource": resource, "code": f.code, "field": f.field}
		if f.message != "" {
			e["message"] = f.message
		}
		list = append(list, e)
	}
	return &problem{status: http.StatusUnprocessableEntity, message: "Validation Failed", errors: list}
}

type fieldError struct{ field, code, message string }

// refused is a 422 with a sentence of its own.
func refused(format string, args ...any) error {
	return &problem{status: http.StatusUnprocessableEntity, message: fmt.Sprintf(format, args...)}
}

func problemReply(err error) *reply {
	p := &problem{}
	if !errors.As(err, &p) {
		panic(err)
	}
	if p.graphql != "" {
		return &reply{status: p.status, body: object{"errors": []object{{"type": p.graphql, "message": p.message}}}}
	}
	body := object{"message": p.message, "documentation_url": docsURL, "status": fmt.Sprint(p.status)}
	if p.docs != "" {
		body["documentation_url"] = p.docs
	}
	if p.errors != nil {
		body["errors"] = p.errors
	}
	return &reply{status: p.status, body: body, header: p.header}
}
