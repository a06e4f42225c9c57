package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/chiselbot/chiselbot/app/githubtest"
	"github.com/chiselbot/chiselbot/checks/misconf"
)

// TestAppStories plays what people do on GitHub and holds what they see of the App there.
// Each story is an archive with a GitHub and a server of its own. After each command
// everything is done that follows from it. See [storyVerbs] for the commands.
func TestAppStories(t *testing.T) {
	t.Parallel()
	key := githubtest.NewPrivateKey()
	scanner := misconf.New() // to compile the checks once is enough
	var mu sync.Mutex
	stories := map[*testscript.TestScript]*story{}
	cmds := map[string]func(*testscript.TestScript, bool, []string){}
	for name, verb := range storyVerbs {
		cmds[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) < verb.least {
				ts.Fatalf("usage: %s %s", name, verb.args)
			}
			mu.Lock()
			s := stories[ts]
			if s == nil {
				s = newStory(ts, key, scanner)
				stories[ts] = s
			}
			mu.Unlock()
			defer func() { // what is impossible on GitHub is a mistake of the story
				if problem, ok := recover().(string); ok {
					ts.Fatalf("%s", problem)
				}
			}()
			verb.do(s, args)
			if s.serving && name != "show" {
				ctx, cancel := context.WithTimeout(context.Background(), longest)
				defer cancel()
				if err := s.settle(ctx); err != nil {
					ts.Fatalf("%v; the log of the server:\n%s", err, s.config.log)
				}
			}
		}
	}
	testscript.Run(t, testscript.Params{Dir: filepath.Join("testdata", "app"), UpdateScripts: *update, Cmds: cmds, RequireExplicitExec: true})
}

// A story is one that is being played.
type story struct {
	*playground
	ts      *testscript.TestScript
	serving bool
	repo    *githubtest.Repository // the one that commands are about
	owners  map[string]bool
	people  map[string]bool
	forks   map[string]*githubtest.Repository // by their owners
	groups  []*githubtest.MergeGroup
}

func newStory(ts *testscript.TestScript, key string, scanner *misconf.Scanner) *story {
	var log bytes.Buffer
	p := testProgram(strings.NewReader(""), &log, &log, nil)
	dir, err := os.MkdirTemp(ts.Getenv("WORK"), "server-")
	ts.Check(err)
	play, err := p.newPlayground(playgroundConfig{
		dir: dir, key: key, scanner: scanner, log: &lockedBuffer{},
		github: githubtest.Options{Report: func(problem string) { panic(problem) }},
	})
	ts.Check(err)
	s := &story{
		playground: play, ts: ts, owners: map[string]bool{}, people: map[string]bool{}, forks: map[string]*githubtest.Repository{},
	}
	ts.Defer(func() {
		if err := s.close(); err != nil {
			ts.Logf("end of the server: %v", err)
		}
	})
	return s
}

// A storyVerb is a command of stories.
type storyVerb struct {
	args  string
	least int
	do    func(s *story, args []string)
}

// storyVerbs are what people and GitHub do in stories. A story has one repository, or the
// last one counts. Its owner has the App installed, alice may write to it and all others
// only read. Pull requests go by their numbers, a branch of a fork is OWNER:BRANCH.
var storyVerbs = map[string]storyVerb{
	"repository": {"OWNER/NAME DIR", 2, func(s *story, args []string) {
		owner, _, _ := strings.Cut(args[0], "/")
		if !s.owners[owner] {
			s.github.AddOrganization(owner)
		}
		s.repo = s.github.AddRepository(args[0], s.files(args[1])...)
		s.repo.Publish()
		s.person("alice")
		s.repo.Allow("alice", "write")
		if !s.owners[owner] {
			s.owners[owner] = true
			s.github.Install(s.app, owner)
		}
		if !s.serving {
			s.serving = true
			s.ts.Check(s.serve(context.Background()))
		}
	}},
	"fork":    {"LOGIN", 1, func(s *story, args []string) { s.forks[args[0]] = s.repo.Fork(s.person(args[0])) }},
	"allow":   {"LOGIN PERMISSION", 2, func(s *story, args []string) { s.repo.Allow(s.person(args[0]), args[1]) }},
	"protect": {"BRANCH", 1, func(s *story, args []string) { s.repo.Protect(args[0]) }},
	"archive": {"", 0, func(s *story, _ []string) { s.repo.Archive() }},
	"push": {"LOGIN BRANCH DIR [-REMOVED...]", 3, func(s *story, args []string) {
		repo, branch := s.branch(args[1])
		changes := s.files(args[2])
		for _, name := range args[3:] {
			changes = append(changes, githubtest.Remove(strings.TrimPrefix(name, "-")))
		}
		repo.Push(s.person(args[0]), branch, "Change "+args[2], changes...)
	}},
	"pull": {"LOGIN TITLE HEAD [BASE]", 3, func(s *story, args []string) {
		s.repo.OpenPull(s.person(args[0]), args[1], args[2], append(args, "main")[3])
	}},
	"draft": {"LOGIN TITLE HEAD [BASE]", 3, func(s *story, args []string) {
		s.repo.OpenDraft(s.person(args[0]), args[1], args[2], append(args, "main")[3])
	}},
	"ready":    {"LOGIN PULL", 2, func(s *story, args []string) { s.pull(args[1]).Ready(s.person(args[0])) }},
	"close":    {"LOGIN PULL", 2, func(s *story, args []string) { s.pull(args[1]).Close(s.person(args[0])) }},
	"reopen":   {"LOGIN PULL", 2, func(s *story, args []string) { s.pull(args[1]).Reopen(s.person(args[0])) }},
	"merge":    {"LOGIN PULL", 2, func(s *story, args []string) { s.pull(args[1]).Merge(s.person(args[0])) }},
	"retarget": {"LOGIN PULL BASE", 3, func(s *story, args []string) { s.pull(args[1]).Retarget(s.person(args[0]), args[2]) }},
	"comment": {"LOGIN PULL TEXT", 3, func(s *story, args []string) {
		s.pull(args[1]).Comment(s.person(args[0]), strings.ReplaceAll(args[2], `\n`, "\n"))
	}},
	"edit": {"LOGIN PULL TEXT", 3, func(s *story, args []string) { // the first comment of that person
		p := s.pull(args[1])
		for _, c := range p.Comments() {
			if c.Author == args[0] {
				p.EditComment(args[0], c.ID, args[2])
				return
			}
		}
		s.ts.Fatalf("%s has not commented", args[0])
	}},
	"press": {"LOGIN PULL BUTTON", 3, func(s *story, args []string) {
		s.repo.Press(s.person(args[0]), s.run(args[1]).ID, args[2])
	}},
	"rerun": {"LOGIN PULL", 2, func(s *story, args []string) { s.repo.Rerequest(s.person(args[0]), s.run(args[1]).ID) }},
	"enqueue": {"LOGIN PULL...", 2, func(s *story, args []string) {
		var pulls []*githubtest.Pull
		for _, number := range args[1:] {
			pulls = append(pulls, s.pull(number))
		}
		s.groups = append(s.groups, s.repo.Enqueue(s.person(args[0]), pulls...))
	}},
	"away": {"", 0, func(s *story, _ []string) { // the server, until it is back
		s.serving = false
		s.ts.Check(s.goAway())
	}},
	"back": {"", 0, func(s *story, _ []string) {
		s.serving = true
		s.ts.Check(s.serve(context.Background()))
	}},
	"redeliver": {"EVENT", 1, func(s *story, args []string) { // its last delivery
		all := slices.DeleteFunc(s.github.Deliveries(), func(d githubtest.Delivery) bool { return d.Event != args[0] })
		s.github.Redeliver(all[len(all)-1].ID)
	}},
	"show": {"WHAT [NAME]", 1, (*story).show},
}

// person is somebody who has an account from the first mention on.
func (s *story) person(login string) string {
	if !s.people[login] && !strings.HasSuffix(login, "[bot]") {
		s.people[login] = true
		s.github.AddUser(login)
	}
	return login
}

// files are those of a folder of the story, or none for "-".
func (s *story) files(dir string) []githubtest.Change {
	if dir == "-" {
		return nil
	}
	var changes []githubtest.Change
	root := s.ts.MkAbs(dir)
	s.ts.Check(filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		path, err := filepath.Rel(root, name)
		changes = append(changes, githubtest.Write(filepath.ToSlash(path), string(text)))
		return err
	}))
	return changes
}

func (s *story) branch(name string) (*githubtest.Repository, string) {
	if owner, branch, ok := strings.Cut(name, ":"); ok {
		return s.forks[owner], branch
	}
	return s.repo, name
}

func (s *story) pull(number string) *githubtest.Pull {
	n, err := strconv.Atoi(number)
	s.ts.Check(err)
	return s.repo.Pulls()[n-1]
}

// run is the newest on the head of a pull request.
func (s *story) run(number string) githubtest.CheckRun {
	runs := s.repo.CheckRuns(s.pull(number).Head())
	if len(runs) == 0 {
		s.ts.Fatalf("pull request %s has no check run", number)
	}
	return runs[len(runs)-1]
}

// show writes what people see, for "cmp stdout".
func (s *story) show(args []string) {
	var b strings.Builder
	switch what := args[0]; what {
	case "run":
		showRun(&b, s.run(args[1]), false)
	case "report":
		showRun(&b, s.run(args[1]), true)
	case "runs": // one line each
		for _, r := range s.repo.CheckRuns(s.pull(args[1]).Head()) {
			fmt.Fprintf(&b, "%s: %s\n", strings.TrimSpace(r.Status+" "+r.Conclusion), r.Title)
		}
	case "group":
		for _, r := range s.repo.CheckRuns(s.groups[len(s.groups)-1].Head) {
			showRun(&b, r, false)
		}
	case "comments":
		for _, c := range s.pull(args[1]).Comments() {
			fmt.Fprintf(&b, "=== %s %s\n%s\n", c.Author, strings.Join(c.Reactions, " "), strings.TrimRight(c.Body, "\n"))
		}
	case "suggestions":
		for _, text := range s.pull(args[1]).Suggestions() {
			b.WriteString(text + "\n")
		}
	case "pulls":
		for _, p := range s.repo.Pulls() {
			fmt.Fprintf(&b, "#%d %s: %s\n", p.Number, p.State(), p.Title())
		}
	case "pull":
		p := s.pull(args[1])
		fmt.Fprintf(&b, "#%d %s: %s\n%s ← %s", p.Number, p.State(), p.Title(), p.Base(), p.Branch())
		for _, l := range p.Labels() {
			b.WriteString(" [" + l + "]")
		}
		fmt.Fprintf(&b, "\n\n%s\n", strings.TrimRight(p.Body(), "\n"))
	case "diff":
		b.WriteString(s.pull(args[1]).Diff())
	case "log": // what a branch has beside the default one, newest first
		repo, branch := s.branch(args[1])
		for commit := repo.Branch(branch); commit != ""; {
			c := repo.Commit(commit)
			signed := ""
			if c.Verified {
				signed = ", signed"
			}
			fmt.Fprintf(&b, "%s%s: %s\n", c.Author, signed, strings.ReplaceAll(strings.TrimSpace(c.Message), "\n", "\n    "))
			commit = append(c.Parents, "")[0]
		}
	case "file":
		repo, branch := s.branch(args[1])
		b.WriteString(repo.Files(repo.Branch(branch))[args[2]])
	default:
		s.ts.Fatalf("cannot show %s", what)
	}
	text := strings.ReplaceAll(b.String(), s.github.URL, "https://github.example.com")
	for _, n := range volatile {
		text = n.pattern.ReplaceAllString(text, n.with)
	}
	_, err := s.ts.Stdout().Write([]byte(text))
	s.ts.Check(err)
}

// volatile is what differs from one run to the next.
var volatile = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`\b[0-9a-f]{40}\b`), "COMMIT"},
	{regexp.MustCompile(`\b(comment)/[0-9]+`), "$1/ID"},
	{regexp.MustCompile(`\b(button)/[0-9a-f-]+`), "$1/ID"},
	{regexp.MustCompile(`\bjob [0-9]+ failed`), "job N failed"},
}

const maxShownAnnotations = 10

func showRun(b *strings.Builder, r githubtest.CheckRun, whole bool) {
	fmt.Fprintf(b, "%s: %s\n%s\n", r.Name, strings.TrimSpace(r.Status+" "+r.Conclusion), r.Title)
	for _, a := range r.Actions {
		fmt.Fprintf(b, "[%s] ", a.Label)
	}
	fmt.Fprintf(b, "\n=== summary\n%s", r.Summary)
	if whole {
		fmt.Fprintf(b, "\n=== text\n%s", r.Text)
	}
	fmt.Fprintf(b, "\n=== %d annotations\n", len(r.Annotations))
	for i, a := range r.Annotations {
		if i == maxShownAnnotations {
			b.WriteString("…\n")
			break
		}
		fmt.Fprintf(b, "%s:%d %s %s\n", a.Path, a.StartLine, a.Level, a.Title)
	}
}
