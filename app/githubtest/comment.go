package githubtest

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// maxText is the most characters that GitHub takes of a body.
const maxText = 65_536

// A comment is one on a pull request.
type comment struct {
	id               int64
	number           int
	author           *account
	app              *App // that wrote it
	body             string
	reactions        []reaction
	created, updated time.Time
}

type reaction struct {
	id      int64
	author  *account
	content string
}

// A Comment is what a comment says.
type Comment struct {
	ID           int64
	Author, Body string
	Reactions    []string // contents in the order of their coming
}

// A review is one of a pull request, by an App.
type review struct {
	id       int64
	author   *account
	body     string
	event    string
	comments []reviewComment
}

// A reviewComment is text at lines of a review's diff.
type reviewComment struct {
	Path      string `json:"path"`
	Body      string `json:"body"`
	Line      int    `json:"line"`
	StartLine int    `json:"start_line"`
	Side      string `json:"side"`
	StartSide string `json:"start_side"`

	id int64
}

// Comment writes a comment on a pull request and returns its ID.
func (p *Pull) Comment(login, body string) int64 {
	var id int64
	p.act(login, func(a *account) { id = p.addComment(a, nil, body).id })
	return id
}

// EditComment changes the text of a comment, as its author or a maintainer may.
func (p *Pull) EditComment(login string, id int64, body string) {
	p.act(login, func(a *account) { p.repo.comment(id).edit(p.repo, a, body) })
}

// Comments are the comments of the pull request, oldest first.
func (p *Pull) Comments() []Comment {
	return locked(p, func() []Comment {
		var list []Comment
		for _, c := range p.repo.comments {
			if c.number != p.Number {
				continue
			}
			var reactions []string
			for _, r := range c.reactions {
				reactions = append(reactions, r.content)
			}
			list = append(list, Comment{ID: c.id, Author: c.author.login, Body: c.body, Reactions: reactions})
		}
		return list
	})
}

// Suggestions are the comments of all reviews, each "path:line: body".
func (p *Pull) Suggestions() []string {
	return locked(p, func() []string {
		var list []string
		for _, r := range p.reviews {
			for _, c := range r.comments {
				list = append(list, sprintf("%s:%d: %s", []any{c.Path, c.Line, c.Body}))
			}
		}
		return list
	})
}

func (p *Pull) addComment(author *account, app *App, body string) *comment {
	now := p.repo.g.now()
	c := &comment{id: p.repo.g.newID(), number: p.Number, author: author, app: app, body: body, created: now, updated: now}
	p.repo.comments = append(p.repo.comments, c)
	p.repo.commentEvent(author, "created", c, nil)
	return c
}

func (c *comment) edit(r *Repository, actor *account, body string) {
	was := c.body
	c.body, c.updated = body, r.g.now()
	r.commentEvent(actor, "edited", c, object{"changes": object{"body": object{"from": was}}})
}

func (r *Repository) comment(id int64) *comment {
	i := slices.IndexFunc(r.comments, func(c *comment) bool { return c.id == id })
	if i < 0 {
		return nil
	}
	return r.comments[i]
}

const commentsWrite = "issues:write|pull_requests:write"

var commentRoutes = []route{
	{pattern: "GET /repos/{owner}/{repo}/issues/{number}/comments", as: asInstallation, needs: "issues:read|pull_requests:read", serve: withPull(listComments)},
	{pattern: "POST /repos/{owner}/{repo}/issues/{number}/comments", as: asInstallation, needs: commentsWrite, creates: true, serve: withPull(createComment)},
	{pattern: "GET /repos/{owner}/{repo}/issues/comments/{id}", as: asInstallation, needs: "issues:read|pull_requests:read", serve: withComment(func(c *call, one *comment) (*reply, error) { return ok(c.repo.commentJSON(one)) })},
	{pattern: "PATCH /repos/{owner}/{repo}/issues/comments/{id}", as: asInstallation, needs: commentsWrite, serve: withComment(updateComment)},
	{pattern: "GET /repos/{owner}/{repo}/issues/comments/{id}/reactions", as: asInstallation, needs: "issues:read|pull_requests:read", serve: withComment(listReactions)},
	{pattern: "POST /repos/{owner}/{repo}/issues/comments/{id}/reactions", as: asInstallation, needs: commentsWrite, creates: true, serve: withComment(createReaction)},
}

func withComment(serve func(*call, *comment) (*reply, error)) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		one := c.repo.comment(c.id("id"))
		if one == nil {
			return nil, notFound()
		}
		return serve(c, one)
	}
}

func listComments(c *call, p *Pull) (*reply, error) {
	var list []*comment
	for _, one := range c.repo.comments {
		if one.number == p.Number {
			list = append(list, one)
		}
	}
	return pageOf(c, list, c.repo.commentJSON)
}

// text reads and checks the body of a comment.
func (c *call) text() (string, error) {
	var ask struct {
		Body string `json:"body"`
	}
	if err := c.decode(&ask); err != nil {
		return "", err
	}
	switch {
	case strings.TrimSpace(ask.Body) == "":
		return "", invalid("IssueComment", fieldError{"body", "missing_field", ""})
	case len([]rune(ask.Body)) > maxText:
		return "", invalid("IssueComment", fieldError{"body", "unprocessable", "Body is too long (maximum is 65536 characters)"})
	}
	return ask.Body, nil
}

func createComment(c *call, p *Pull) (*reply, error) {
	body, err := c.text()
	if err != nil {
		return nil, err
	}
	return created(c.repo.commentJSON(p.addComment(c.app.bot, c.app, body)))
}

func updateComment(c *call, one *comment) (*reply, error) {
	body, err := c.text()
	if err != nil {
		return nil, err
	}
	if one.app != c.app {
		return nil, forbidden()
	}
	one.edit(c.repo, c.app.bot, body)
	return ok(c.repo.commentJSON(one))
}

var reactionContents = []string{"+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"}

func listReactions(c *call, one *comment) (*reply, error) {
	return pageOf(c, one.reactions, func(r reaction) object { return r.json(c.g) })
}

// createReaction answers 200 when the reaction is there already.
func createReaction(c *call, one *comment) (*reply, error) {
	var ask struct {
		Content string `json:"content"`
	}
	if err := c.decode(&ask); err != nil {
		return nil, err
	}
	if !slices.Contains(reactionContents, ask.Content) {
		return nil, invalid("Reaction", fieldError{"content", "invalid", ""})
	}
	for _, r := range one.reactions {
		if r.author == c.app.bot && r.content == ask.Content {
			return ok(r.json(c.g))
		}
	}
	r := reaction{id: c.g.newID(), author: c.app.bot, content: ask.Content}
	one.reactions = append(one.reactions, r)
	return created(r.json(c.g))
}

func (r reaction) json(g *GitHub) object {
	return object{"id": r.id, "node_id": nodeID("Reaction", r.id), "user": r.author.json(g), "content": r.content, "created_at": stamp(g.now())}
}

func (r *Repository) commentJSON(c *comment) object {
	rollup := object{"url": r.url("/issues/comments/%d/reactions", c.id), "total_count": len(c.reactions)}
	for _, content := range reactionContents {
		n := 0
		for _, one := range c.reactions {
			if one.content == content {
				n++
			}
		}
		rollup[content] = n
	}
	var app object
	if c.app != nil {
		app = c.app.json(r.g)
	}
	return object{
		"id": c.id, "node_id": nodeID("IssueComment", c.id), "url": r.url("/issues/comments/%d", c.id),
		"html_url": r.html("/pull/%d#issuecomment-%d", c.number, c.id), "issue_url": r.url("/issues/%d", c.number),
		"user": c.author.json(r.g), "created_at": stamp(c.created), "updated_at": stamp(c.updated), "body": c.body,
		"author_association": "CONTRIBUTOR", "reactions": rollup, "performed_via_github_app": app,
	}
}

func createReview(c *call, p *Pull) (*reply, error) {
	var ask struct {
		CommitID string          `json:"commit_id"`
		Body     string          `json:"body"`
		Event    string          `json:"event"`
		Comments []reviewComment `json:"comments"`
	}
	if err := c.decode(&ask); err != nil {
		return nil, err
	}
	if ask.Event != "COMMENT" {
		return nil, c.g.unknown("a review with the event " + ask.Event + ": chiselbot only comments")
	}
	if ask.CommitID != "" && ask.CommitID != p.headSHA.String() {
		return nil, refused("Review comments can only be made on the head: %s is not %s", ask.CommitID, p.headSHA)
	}
	n := c.repo.network
	base := n.mergeBase(c.repo.refs["refs/heads/"+p.baseBranch], p.headSHA)
	shown := c.repo.shownLines(n.commitObject(base).TreeHash, n.commitObject(p.headSHA).TreeHash)
	r := &review{id: c.g.newID(), author: c.app.bot, body: ask.Body, event: ask.Event}
	for _, one := range ask.Comments {
		hunks, ok := shown[one.Path]
		first := cmp.Or(one.StartLine, one.Line)
		within := slices.ContainsFunc(hunks, func(h [2]int) bool { return h[0] <= first && first <= one.Line && one.Line <= h[1] })
		if why := "Line could not be resolved"; !ok || !within {
			if !ok {
				why = "Path could not be resolved and " + why
			}
			return nil, &problem{status: 422, message: "Unprocessable Entity", errors: []string{why}}
		}
		one.id = c.g.newID()
		r.comments = append(r.comments, one)
	}
	p.reviews = append(p.reviews, r)
	return ok(object{
		"id": r.id, "node_id": nodeID("PullRequestReview", r.id), "user": r.author.json(c.g), "body": r.body, "state": "COMMENTED",
		"html_url": c.repo.html("/pull/%d#pullrequestreview-%d", p.Number, r.id), "pull_request_url": c.repo.url("/pulls/%d", p.Number),
		"author_association": "NONE", "commit_id": p.headSHA.String(), "submitted_at": stamp(c.g.now()),
		"_links": object{
			"html":         object{"href": c.repo.html("/pull/%d#pullrequestreview-%d", p.Number, r.id)},
			"pull_request": object{"href": c.repo.url("/pulls/%d", p.Number)},
		},
	})
}

func listReviewComments(c *call, p *Pull) (*reply, error) {
	type of struct {
		review  *review
		comment reviewComment
	}
	var list []of
	for _, r := range p.reviews {
		for _, one := range r.comments {
			list = append(list, of{r, one})
		}
	}
	return pageOf(c, list, func(x of) object {
		one := x.comment
		self := c.repo.url("/pulls/comments/%d", one.id)
		link := func(href string) object { return object{"href": href} }
		html := c.repo.html("/pull/%d#discussion_r%d", p.Number, one.id)
		body := object{
			"id": one.id, "node_id": nodeID("PullRequestReviewComment", one.id), "url": self, "pull_request_review_id": x.review.id,
			"diff_hunk": "@@ -1 +1 @@", "path": one.Path, "commit_id": p.headSHA.String(), "original_commit_id": p.headSHA.String(),
			"user": x.review.author.json(c.g), "body": one.Body, "created_at": stamp(p.created), "updated_at": stamp(p.created),
			"html_url": html, "pull_request_url": c.repo.url("/pulls/%d", p.Number), "author_association": "NONE",
			"line": one.Line, "original_line": one.Line, "side": "RIGHT", "start_line": nil, "start_side": nil,
			"_links": object{"self": link(self), "html": link(html), "pull_request": link(c.repo.url("/pulls/%d", p.Number))},
		}
		if one.StartLine > 0 {
			body["start_line"], body["start_side"] = one.StartLine, "RIGHT"
		}
		return body
	})
}
