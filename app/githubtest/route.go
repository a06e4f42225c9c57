package githubtest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A route is one thing that can be asked, who may ask it and with which permission.
type route struct {
	// pattern is "METHOD /path", in which {name} is a part and {name...} the rest.
	pattern string
	as      identity
	// needs is "permission:level", several of which the first suffices divided by "|";
	// empty for what every App may.
	needs string
	// creates means that GitHub counts the request as one that creates content.
	creates bool
	serve   func(*call) (*reply, error)
}

// routes are all, of which the first that fits is taken. http.ServeMux would not take
// /issues/comments/{id} beside /issues/{number}/comments.
var routes = slices.Concat(appRoutes, repositoryRoutes, gitRoutes, pullRoutes, commentRoutes, checkRoutes, hookRoutes, graphqlRoutes)

// find is the route of a request, whose values it sets.
func find(r *http.Request, path string) *route {
	parts := strings.Split(path, "/")
	for i, candidate := range routes {
		method, pattern, _ := strings.Cut(candidate.pattern, " ")
		if method != r.Method {
			continue
		}
		if values, ok := match(strings.Split(pattern, "/"), parts); ok {
			for name, value := range values {
				r.SetPathValue(name, value)
			}
			return &routes[i]
		}
	}
	return nil
}

// match gives the values of a pattern's names in a path.
func match(pattern, parts []string) (map[string]string, bool) {
	values := map[string]string{}
	for i, p := range pattern {
		if i >= len(parts) {
			return nil, false
		}
		name, variable := strings.CutPrefix(strings.TrimSuffix(p, "}"), "{")
		value := parts[i]
		if short, ok := strings.CutSuffix(name, "..."); ok {
			name, value = short, strings.Join(parts[i:], "/")
			pattern, parts = pattern[:i+1], parts[:i+1]
		}
		if !variable {
			if p != value {
				return nil, false
			}
			continue
		}
		text, err := url.PathUnescape(value)
		if err != nil || text == "" {
			return nil, false
		}
		values[name] = text
	}
	return values, len(pattern) == len(parts)
}
