// Package propose makes of plans what a pull request says: its branch, title, commit
// message and body.
//
// The same plans give the same bytes, so that whoever compares them with a pull request
// knows whether there is anything to change. It knows neither git nor GitHub's API and
// decides nothing; what strangers wrote is shown and never obeyed.
package propose

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// Prefix begins the names of all branches that chiselbot makes.
const Prefix = "chiselbot/"

// What there are proposals for, beside the recipes by their ids.
const (
	// Fixes are the fixes of a pull request's findings.
	Fixes = "fix"
	// Settings are entries in the settings file.
	Settings = "settings"
)

// A Request is what was asked for, so that it can be planned anew when the base moves. It
// is kept in the body of the pull request, where nobody sees it.
type Request struct {
	Recipe string `json:"recipe"`
	// Files are the Dockerfiles that are to be moved, sorted. With All they are all that
	// there are at the time.
	Files []string `json:"files,omitempty"`
	All   bool     `json:"all,omitempty"`
	// Pull is the pull request whose findings are to be fixed, Rules the rules that were
	// named.
	Pull  int      `json:"pull,omitempty"`
	Rules []string `json:"rules,omitempty"`
	// Upgrade, Variant and ReadOnly are the recipe's options.
	Upgrade  bool   `json:"upgrade,omitempty"`
	Variant  string `json:"variant,omitempty"`
	ReadOnly bool   `json:"read_only,omitempty"`
	// Images identifies the images that are moved, or the findings that are fixed: a closed
	// pull request is a no to these and not to others.
	Images string `json:"images"`
	// Style is how the title is written.
	Style Style `json:"style,omitzero"`
}

// A Proposal is a pull request as it should be.
type Proposal struct {
	Request
	// Base is the branch to change, Branch the one that holds the change.
	Base, Branch string
	// Title has no more than 200 characters. Body is GitHub's Markdown of at most 65,536.
	Title, Message, Body string
	// Changes are all files before and after, by path; none where there is nothing to do.
	Changes []fixes.Change
	// Undecided is how many images only a person can move: the change is a part of one.
	Undecided int
}

// Branch is the name of the branch for a recipe and a base.
func Branch(recipe, base string) string { return Prefix + recipe + "/" + base }

// Of makes the proposal of plans, which were made one on top of the other in a tree.
func Of(request Request, base string, tree source.Tree, plans []*fixes.Plan) Proposal {
	request.Images = Images(plans)
	moved := applicable(plans)
	p := Proposal{Request: request, Base: base, Branch: Branch(request.Recipe, base), Changes: Changes(moved)}
	for _, plan := range plans {
		if plan.Verdict == fixes.NeedsPerson && len(plan.Reasons) > 0 {
			p.Undecided++
		}
	}
	if len(p.Changes) == 0 {
		return p
	}
	kind := "build"
	if request.Recipe == Fixes {
		kind = "fix"
	}
	p.Title = request.Style.Title(kind, Title(request.Recipe, moved))
	p.Message = Message(p.Title, moved)
	p.Body = body(p, tree, plans)
	return p
}

func applicable(plans []*fixes.Plan) []*fixes.Plan {
	return slices.DeleteFunc(slices.Clone(plans), func(p *fixes.Plan) bool { return !p.Applicable() })
}

// Left is how many plans are left to a person.
func Left(plans []*fixes.Plan) int {
	n := 0
	for _, plan := range plans {
		if !plan.Applicable() && len(plan.Reasons) > 0 {
			n++
		}
	}
	return n
}

// Changes are the changes of plans that were made one on top of the other, each file once.
func Changes(plans []*fixes.Plan) []fixes.Change {
	var all []fixes.Change
	for _, p := range plans {
		for _, c := range p.Changes {
			at := slices.IndexFunc(all, func(o fixes.Change) bool { return o.Path == c.Path })
			if at < 0 {
				all = append(all, c)
				continue
			}
			all[at].After = c.After
		}
	}
	slices.SortFunc(all, func(a, b fixes.Change) int { return cmp.Compare(a.Path, b.Path) })
	return all
}

// Images identifies the images that plans move: the files and what each names today. Of
// plans for findings it is the findings.
func Images(plans []*fixes.Plan) string {
	var b strings.Builder
	for _, p := range applicable(plans) {
		before, _ := sides(p)
		fmt.Fprintf(&b, "%q %q\n", p.File.Path(), before.image)
		if p.Recipe == "" {
			for _, c := range p.Cures {
				fmt.Fprintf(&b, "%q %q\n", c.Rule, c.Key)
			}
		}
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:8])
}

// maxTitle is how long titles are; GitHub takes 256 characters.
const maxTitle = 200

// Title says what applicable plans do, in a line.
func Title(recipe string, plans []*fixes.Plan) string {
	switch {
	case len(plans) == 1:
		return oneLine(plans[0].Title)
	case recipe == Fixes:
		return fmt.Sprintf("Fix findings in %d files", len(plans))
	}
	return fmt.Sprintf("Move %d images to chiseled bases", len(plans))
}

// reference is what GitHub takes for a mention or for another issue, which a commit with
// "fixes" before it closes.
// https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
var reference = regexp.MustCompile(`(@|#|\b(?i:gh)-)([0-9A-Za-z])`)

// oneLine is text for where there is no Markdown: a title or the subject of a commit. Names
// of files in it refer to nothing: a space of no width comes between.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(s, "`", ""), "")), " ")
	s = reference.ReplaceAllString(s, "$1\u200b$2")
	if runes := []rune(s); len(runes) > maxTitle {
		s = string(runes[:maxTitle-1]) + "…"
	}
	return s
}

// maxMessage is how many steps a commit's message names.
const maxMessage = 50

// Message is a commit's message: what is done and where.
func Message(title string, plans []*fixes.Plan) string {
	var b strings.Builder
	b.WriteString(title + "\n\n")
	n := 0
	for _, p := range plans {
		for _, s := range p.Steps {
			if n++; n > maxMessage {
				return b.String() + "- …\n"
			}
			fmt.Fprintf(&b, "- %s: %s\n", oneLine(s.At.Path()), oneLine(s.Title))
		}
	}
	return b.String()
}

const (
	markBegin = "<!-- chiselbot:proposal "
	markEnd   = " -->"
)

// mark hides the request in a body. JSON as Go writes it has no ">".
func (r Request) mark() string {
	data, err := json.Marshal(r)
	if err != nil {
		panic(err) // it is made of strings and a bool
	}
	return markBegin + string(data) + markEnd
}

// Withdrawn is the body of a pull request that chiselbot closes itself: it is no no.
func Withdrawn(body string) string {
	r, ok := RequestOf(body)
	if !ok {
		return body
	}
	before := r.mark()
	r.Images = ""
	return strings.Replace(body, before, r.mark(), 1)
}

// RequestOf reads the request from a pull request's body; ok is false where there is none.
func RequestOf(body string) (r Request, ok bool) {
	_, rest, found := strings.Cut(body, markBegin)
	text, _, closed := strings.Cut(rest, markEnd)
	if !found || !closed {
		return Request{}, false
	}
	err := json.Unmarshal([]byte(text), &r)
	return r, err == nil && r.Recipe != "" && (len(r.Files) > 0 || r.All || r.Pull > 0)
}
