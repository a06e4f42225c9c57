package githubtest

import (
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	gitobject "github.com/go-git/go-git/v5/plumbing/object"
)

// The pages are what a browser shows of this GitHub: pull requests, what they change and
// check runs, with a box to comment and buttons to press. They ask nothing of any other
// server.
//
//go:embed pages.html pages.css
var pageFiles embed.FS

var pageTemplates = template.Must(template.New("").Funcs(template.FuncMap{
	"initial": func(login string) string { return strings.ToUpper(login[:1]) },
	"patch":   patchHTML,
}).ParseFS(pageFiles, "pages.html"))

// newPages makes the pages.
func (g *GitHub) newPages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", g.showFirst)
	mux.HandleFunc("GET /pages.css", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, pageFiles, "pages.css") })
	mux.HandleFunc("GET /{owner}/{repo}", g.page("pulls", (*visit).pulls))
	mux.HandleFunc("GET /{owner}/{repo}/pulls", g.page("pulls", (*visit).pulls))
	mux.HandleFunc("GET /{owner}/{repo}/pull/{number}", g.page("pull", (*visit).conversation))
	mux.HandleFunc("GET /{owner}/{repo}/pull/{number}/files", g.page("files", (*visit).files))
	mux.HandleFunc("GET /{owner}/{repo}/runs/{id}", g.page("run", (*visit).run))
	mux.HandleFunc("POST /{owner}/{repo}/pull/{number}/{act}", g.actOnPull)
	mux.HandleFunc("POST /{owner}/{repo}/runs/{id}", g.pressOnPage)
	return http.NewCrossOriginProtection().Handler(mux)
}

// showFirst leads to the repository that was added first.
func (g *GitHub) showFirst(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	var to string
	if len(g.repositories) > 0 {
		to = g.repositories[0].html("/pulls")
	}
	g.mu.Unlock()
	if to == "" {
		http.NotFound(w, r)
		return
	}
	http.Redirect(w, r, to, http.StatusFound)
}

// A visit is one look at a page.
type visit struct {
	g       *GitHub
	request *http.Request
	repo    *Repository
	// What the templates show. Wait has the page loaded once more, because what was asked
	// for is being done.
	Viewer, Repository, Root, Title, Path string
	Wait                                  bool
	Opener                                eventPage
	Data                                  any
}

// page serves a page of a repository. Without data there is no such page.
func (g *GitHub) page(name string, data func(*visit) any) http.HandlerFunc {
	look := func(r *http.Request) *visit {
		g.mu.Lock()
		defer g.mu.Unlock()
		v := g.visit(r)
		if v != nil {
			v.Data = data(v)
		}
		return v
	}
	return func(w http.ResponseWriter, r *http.Request) {
		v := look(r)
		if v == nil || v.Data == nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'")
		_ = pageTemplates.ExecuteTemplate(w, name, v) // the browser may be gone
	}
}

func (g *GitHub) visit(r *http.Request) *visit {
	repo := g.repository(r.PathValue("owner"), r.PathValue("repo"))
	if repo == nil {
		return nil
	}
	return &visit{
		g: g, request: r, repo: repo, Viewer: g.options.Viewer, Repository: repo.Name(), Root: "/" + repo.Name(), Title: repo.Name(),
		Path: r.URL.Path, Wait: r.URL.Query().Has("wait"),
	}
}

// pull is the pull request of the path.
func (v *visit) pull() *Pull {
	n, _ := parseID(v.request.PathValue("number")) // nothing has the number 0
	return v.repo.pull(n)
}

// A pullPage is what pages show of a pull request.
type pullPage struct {
	Number               int
	Title, State, Author string
	Base, Branch         string
	Labels               []string
	Check                *runPage
	Commits              []commitLine
	Description          template.HTML
	Events               []eventPage
	Files                []filePage
	Mergeable            bool
}

type commitLine struct {
	Author, Subject, Short string
	Verified               bool
	Check                  *runPage
}

// An eventPage is a comment or a suggestion.
type eventPage struct {
	id        int64
	Author    string
	Bot       bool
	Place     string
	Body      template.HTML
	Reactions []string
}

type filePage struct {
	Path  string
	Patch string
}

// A runPage is what pages show of a check run.
type runPage struct {
	ID                 int64
	Name, Title, State string // State is a conclusion, or in_progress
	Pull               int
	PullTitle          string
	Summary, Text      template.HTML
	Annotations        []Annotation
	Actions            []CheckAction
}

func (v *visit) pulls() any {
	var list []pullPage
	for _, p := range slices.Backward(v.repo.pulls) {
		list = append(list, v.top(p))
	}
	v.Title = "Pull requests · " + v.Repository
	return &list
}

// top is what all pages of a pull request show.
func (v *visit) top(p *Pull) pullPage {
	return pullPage{
		Number: p.Number, Title: p.title, State: p.stateName(), Author: p.author.login, Base: p.baseBranch, Branch: p.branchLabel(),
		Labels: p.labels, Check: v.check(p.headSHA),
	}
}

// check is the newest run on a commit, nil without one.
func (v *visit) check(head plumbing.Hash) *runPage {
	for _, run := range slices.Backward(v.repo.runs) {
		if run.suite.head == head {
			return v.runPage(run)
		}
	}
	return nil
}

func (v *visit) runPage(run *checkRun) *runPage {
	page := &runPage{ID: run.id, Name: run.name, Title: run.output.title, State: cmp.Or(run.conclusion, "in_progress")}
	for _, p := range v.repo.pulls {
		if p.headSHA == run.suite.head || page.Pull == 0 && slices.ContainsFunc(p.commits(), func(c *gitobject.Commit) bool { return c.Hash == run.suite.head }) {
			page.Pull, page.PullTitle = p.Number, p.title
		}
	}
	return page
}

func (v *visit) conversation() any {
	p := v.pull()
	if p == nil {
		return nil
	}
	page := v.top(p)
	v.Title = fmt.Sprintf("%s · Pull request #%d", p.title, p.Number)
	page.Description = v.repo.markdown(cmp.Or(p.body, "*No description provided.*"))
	page.Mergeable = p.open
	v.Opener = eventPage{Author: p.author.login, Bot: p.author.kind == "Bot"}
	for _, c := range p.commits() {
		subject, _, _ := strings.Cut(c.Message, "\n")
		page.Commits = append(page.Commits, commitLine{
			c.Author.Name, subject, c.Hash.String()[:7], v.repo.network.verified[c.Hash], v.check(c.Hash),
		})
	}
	for _, c := range v.repo.comments {
		if c.number != p.Number {
			continue
		}
		event := eventPage{id: c.id, Author: c.author.login, Bot: c.author.kind == "Bot", Body: v.repo.markdown(c.body)}
		for _, r := range c.reactions {
			event.Reactions = append(event.Reactions, emoji[r.content])
		}
		page.Events = append(page.Events, event)
	}
	for _, r := range p.reviews {
		for _, c := range r.comments {
			page.Events = append(page.Events, eventPage{
				id: c.id, Author: r.author.login, Bot: true, Place: c.Path + ":" + strconv.Itoa(c.Line), Body: v.repo.markdown(c.Body),
			})
		}
	}
	slices.SortStableFunc(page.Events, func(a, b eventPage) int { return cmp.Compare(a.id, b.id) })
	return &page
}

var emoji = map[string]string{"+1": "👍", "-1": "👎", "laugh": "😄", "confused": "😕", "heart": "❤️", "hooray": "🎉", "rocket": "🚀", "eyes": "👀"}

func (v *visit) files() any {
	p := v.pull()
	if p == nil {
		return nil
	}
	page := v.top(p)
	v.Title = fmt.Sprintf("%s · Pull request #%d", p.title, p.Number)
	for _, f := range p.patches() {
		_, hunks, found := strings.Cut(f.patch, "\n+++ ")
		if _, rest, ok := strings.Cut(hunks, "\n"); found && ok {
			f.patch = rest
		}
		page.Files = append(page.Files, filePage{f.path, f.patch})
	}
	return &page
}

func (v *visit) run() any {
	id, _ := parseID(v.request.PathValue("id")) // nothing has the id 0
	run := v.repo.run(id)
	if run == nil {
		return nil
	}
	page := v.runPage(run)
	v.Title = run.name + " · " + v.Repository
	page.Summary, page.Text = v.repo.markdown(run.output.summary), v.repo.markdown(run.output.text)
	page.Annotations = run.annotations
	if run.status == "completed" {
		page.Actions = run.actions
	}
	return page
}

// actOnPull does what the forms on a pull request's page say.
func (g *GitHub) actOnPull(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	v := g.visit(r)
	var p *Pull
	if v != nil {
		p = v.pull()
	}
	g.mu.Unlock()
	if p == nil {
		http.NotFound(w, r)
		return
	}
	defer func() { // what is impossible, such as to merge what conflicts
		if problem, ok := recover().(string); ok {
			http.Error(w, problem, http.StatusConflict)
		}
	}()
	viewer := g.options.Viewer
	switch act, body := r.PathValue("act"), strings.TrimSpace(strings.ReplaceAll(r.PostFormValue("body"), "\r\n", "\n")); {
	case act == "comment" && body != "":
		p.Comment(viewer, body)
	case act == "merge" && p.Open():
		p.Merge(viewer)
	case act == "close":
		p.Close(viewer)
	case act == "reopen":
		p.Reopen(viewer)
	}
	http.Redirect(w, r, p.repo.html("/pull/%d?wait", p.Number), http.StatusSeeOther)
}

// pressOnPage presses a button of a check run, or asks for it again.
func (g *GitHub) pressOnPage(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	v := g.visit(r)
	var run *checkRun
	if v != nil {
		id, _ := parseID(r.PathValue("id")) // nothing has the id 0
		run = v.repo.run(id)
	}
	g.mu.Unlock()
	button := r.PostFormValue("button")
	if run == nil || !slices.ContainsFunc(run.actions, func(a CheckAction) bool { return a.Identifier == button }) {
		http.NotFound(w, r)
		return
	}
	v.repo.Press(g.options.Viewer, run.id, button)
	g.mu.Lock()
	number := v.runPage(run).Pull
	g.mu.Unlock()
	http.Redirect(w, r, fmt.Sprintf("/%s/pull/%d?wait", v.repo.Name(), max(1, number)), http.StatusSeeOther) //nolint:gosec // the repository is one of this GitHub
}
