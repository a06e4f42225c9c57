package githubtest

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Limits are rate limits of one installation; 0 is none. See
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api.
type Limits struct {
	// CorePerHour and GraphQLPerHour are the primary limits, which headers announce.
	CorePerHour, GraphQLPerHour int
	// The others are the secondary limits, which nothing announces. Content is what
	// people are told of: comments, pull requests, check runs and the like.
	ContentPerMinute, ContentPerHour        int
	PointsPerMinute, GraphQLPointsPerMinute int
	Concurrent                              int
}

// PublicLimits are those of github.com.
var PublicLimits = Limits{
	CorePerHour: 5000, GraphQLPerHour: 5000, ContentPerMinute: 80, ContentPerHour: 500,
	PointsPerMinute: 900, GraphQLPointsPerMinute: 2000, Concurrent: 100,
}

// silence is how long GitHub wants none after a secondary limit.
const silence = time.Minute

// SetLimits changes the limits from now on.
func (g *GitHub) SetLimits(l Limits) {
	g.mu.Lock()
	defer g.mu.Unlock()
	*g.options.Limits = l
}

// A meter is what one installation, or an App as itself, has used.
type meter struct {
	core, graphql window
	content       []time.Time // of requests that create content, in the last hour
	points        []spent     // in the last minute
	silentUntil   time.Time
}

// A window is one hour of a primary limit. It begins with the first request.
type window struct {
	start time.Time
	used  int
}

type spent struct {
	at      time.Time
	points  int
	graphql bool
}

func (c *call) meter() *meter {
	key := "anyone"
	switch {
	case c.installation != nil:
		key = fmt.Sprintf("installation %d", c.installation.ID)
	case c.app != nil:
		key = fmt.Sprintf("app %d", c.app.ID)
	}
	m := c.g.meters[key]
	if m == nil {
		m = &meter{}
		c.g.meters[key] = m
	}
	now := c.g.options.Now()
	for _, w := range []*window{&m.core, &m.graphql} {
		if now.Sub(w.start) >= time.Hour {
			*w = window{start: now}
		}
	}
	for len(m.content) > 0 && now.Sub(m.content[0]) >= time.Hour {
		m.content = m.content[1:]
	}
	for len(m.points) > 0 && now.Sub(m.points[0].at) >= time.Minute {
		m.points = m.points[1:]
	}
	return m
}

func (c *call) isGraphQL() bool { return c.path == "/graphql" }

func (m *meter) window(c *call) (*window, int) {
	if c.isGraphQL() {
		return &m.graphql, c.g.options.Limits.GraphQLPerHour
	}
	return &m.core, c.g.options.Limits.CorePerHour
}

// limit refuses a request over a limit, and else counts it against the secondary ones.
func (g *GitHub) limit(c *call, route *route, fault *Fault) error {
	m, now, l := c.meter(), g.options.Now(), g.options.Limits
	if fault != nil && fault.Effect == SecondaryLimit {
		m.silentUntil = now.Add(silence)
	}
	w, most := m.window(c)
	if fault != nil && fault.Effect == PrimaryLimit {
		w.used = max(w.used, most)
	} else if now.Before(m.silentUntil) {
		c.log.Limited = c.log.Limited || fault == nil
		return secondaryProblem(m.silentUntil.Sub(now))
	}
	if (most > 0 && w.used >= most) || (fault != nil && fault.Effect == PrimaryLimit) {
		c.log.Limited = w.used > most
		w.used++
		return g.primaryProblem(c)
	}

	s := spent{at: now, points: 5, graphql: c.isGraphQL()}
	if s.graphql || c.request.Method == http.MethodGet {
		s.points = 1
	}
	sum := s.points
	for _, p := range m.points {
		if p.graphql == s.graphql {
			sum += p.points
		}
	}
	perMinute := l.PointsPerMinute
	if s.graphql {
		perMinute = l.GraphQLPointsPerMinute
	}
	lastMinute := 0
	for _, t := range m.content {
		if now.Sub(t) < time.Minute {
			lastMinute++
		}
	}
	over := func(n, most int) bool { return most > 0 && n > most }
	if over(sum, perMinute) || over(g.inFlight, l.Concurrent) ||
		(route.creates && (over(lastMinute+1, l.ContentPerMinute) || over(len(m.content)+1, l.ContentPerHour))) {
		m.silentUntil = now.Add(silence)
		return secondaryProblem(silence)
	}
	m.points = append(m.points, s)
	if route.creates {
		m.content = append(m.content, now)
	}
	return nil
}

func (g *GitHub) primaryProblem(c *call) error {
	who := "for user ID 0"
	if c.installation != nil {
		who = fmt.Sprintf("for installation ID %d", c.installation.ID)
	}
	message := "API rate limit exceeded " + who + ". If you reach out to GitHub Support for help, please include the request ID 0000:0000."
	if c.isGraphQL() { // GraphQL answers 200 all the same
		return &problem{status: http.StatusOK, message: message, graphql: "RATE_LIMITED"}
	}
	return &problem{status: http.StatusForbidden, message: message, docs: "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"}
}

func secondaryProblem(wait time.Duration) error {
	return &problem{
		status:  http.StatusForbidden,
		message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. For more on scraping GitHub and how it may affect your rights, please review our Terms of Service (https://docs.github.com/en/site-policy/github-terms/github-terms-of-service) If you reach out to GitHub Support for help, please include the request ID 0000:0000.",
		docs:    "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits",
		header:  map[string]string{"Retry-After": strconv.Itoa(int((wait + time.Second - 1) / time.Second))},
	}
}

// count notes the status, counts the request against the primary limit and tells what is
// left. What was not modified costs nothing.
func (g *GitHub) count(c *call, header http.Header, status int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c.log.Status = status
	m := c.meter()
	w, most := m.window(c)
	if most == 0 {
		return
	}
	if status != http.StatusNotModified && status != http.StatusUnauthorized && w.used < most {
		w.used++
	}
	resource := "core"
	if c.isGraphQL() {
		resource = "graphql"
	}
	header.Set("X-Ratelimit-Limit", strconv.Itoa(most))
	header.Set("X-Ratelimit-Used", strconv.Itoa(min(w.used, most)))
	header.Set("X-Ratelimit-Remaining", strconv.Itoa(max(0, most-w.used)))
	header.Set("X-Ratelimit-Reset", strconv.FormatInt(w.start.Add(time.Hour).Unix(), 10))
	header.Set("X-Ratelimit-Resource", resource)
}
