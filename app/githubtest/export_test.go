package githubtest

import "net/http"

// Routes are the patterns of all routes.
func Routes() []string {
	var list []string
	for _, r := range routes {
		list = append(list, r.pattern)
	}
	return list
}

// Route is the pattern of the route that a request takes.
func Route(r Request) string {
	found := find(&http.Request{Method: r.Method}, r.Path)
	if found == nil {
		return ""
	}
	return found.pattern
}
