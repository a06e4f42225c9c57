package config

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

func TestOwner(t *testing.T) {
	t.Parallel()
	owner, problems := ParseOwner(source.NewFile(OwnersPath, `
fail-on: warning
unaffected: none
rules:
  root-user: error
  floating-tag: "off"
dockerfiles:
  include: ["a/*"]
  exclude: ["b/*"]
proposals:
  open: 3
  window: "* 6-20 * * 1-5"
  all: {open: 10, hour: 2}
ignores:
  - {rule: floating-tag, reason: everywhere}
locked: [fail-on, rules.root-user, proposals.window]
`), known)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if want := (Limits{Open: 10, Hour: 2, Day: 20}); owner.All() != want {
		t.Errorf("limits %+v, want %+v", owner.All(), want)
	}
	but := func(change func(*Settings)) Settings {
		s := *owner.settings()
		change(&s)
		return s
	}
	tests := []struct {
		name, local string
		want        Settings
	}{
		{"nothing", "", owner.Settings},
		{"other keys", "unaffected: success\nrules: {nightly-image: notice}\ndockerfiles: {include: [\"c/*\"]}", but(func(s *Settings) {
			s.Unaffected, s.Rules["nightly-image"], s.Dockerfiles.Include = Success, checks.Notice, []string{"c/*"}
		})},
		{"locked keys", "fail-on: none\nrules: {root-user: \"off\", floating-tag: error}", but(func(s *Settings) { s.Rules["floating-tag"] = checks.Error })},
		{"less", "proposals: {open: 1, at-first: many, window: \"* 1 * * *\"}", but(func(s *Settings) { s.Proposals.Open, s.Proposals.AtFirst = 1, Many })},
		{"more than the owner allows", "proposals: {open: 100}", owner.Settings},
		{"both ignore", "ignores: [{rule: root-user, reason: here too}]", but(func(s *Settings) {
			s.Ignores = append(s.Ignores, Ignored{Rule: "root-user", Reason: "here too"})
		})},
		{"a mistake", "fail-on: never", owner.Settings},
		{"no right to lock", "locked: [fail-on]", owner.Settings},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tree := source.Tree{FS: fstest.MapFS{}}
			if tt.local != "" {
				tree.FS = fstest.MapFS{Path: {Data: []byte(tt.local)}}
			}
			got, _, _, err := Read(tree, known, owner)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tt.want, got, cmpopts.IgnoreUnexported(Ignored{})); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
	if owner.Settings.Rules["nightly-image"] != checks.Off || len(owner.Settings.Rules) != 2 {
		t.Errorf("a repository changed the owner's settings: %v", owner.Settings.Rules)
	}
}

func TestOwnerProblems(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"locked: fail-on":       "chiselbot.yml:1:9: `locked` must be a list, not text. Write each key on its own line, after `- `.",
		"locked: [rules.root]":  "chiselbot.yml:1:10: `rules.root` is not a key that can be locked. Write the name of a setting, or `rules.` with the id of a rule.",
		"locked: [fail-no]":     "chiselbot.yml:1:10: `fail-no` is not a key that can be locked. Did you mean `fail-on`?",
		"unaffected: sometimes": "chiselbot.yml:1:13: `sometimes` is not a value for `unaffected`. Write `success` or `none`.",
	} {
		owner, problems := ParseOwner(source.NewFile(OwnersPath, text), known)
		if owner != nil || len(problems) != 1 || problems[0].String() != want {
			t.Errorf("%q: %v, want %s", text, problems, want)
		}
	}
}
