package dockerfile

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/base"
)

// follow is the state of a file's only stage on a base with these facts.
func follow(t *testing.T, text string, facts *base.Facts) *State {
	t.Helper()
	s := parse(t, text).Stages[0]
	b := &builder{stage: s, x: newExpander('\\'), globals: func(string) variable { return variable{} }}
	b.start(facts)
	for _, i := range s.Instructions {
		b.follow(i)
	}
	return &b.state
}

func TestStateOnKnownBase(t *testing.T) {
	t.Parallel()
	facts := &base.Facts{
		User: "app", Workdir: "/app", Ports: []int{8080},
		Env:        map[string]string{"APP_UID": "1654"},
		StartKnown: true, Entrypoint: []string{"/start"}, Cmd: []string{"serve"},
		Shell: base.No, Packages: base.No,
	}
	unchanged := follow(t, "FROM a\n", facts)
	for name, set := range map[string]struct{ got, want string }{
		"user":       {setting(unchanged.User), `"app"`},
		"workdir":    {setting(unchanged.Workdir), `"/app"`},
		"entrypoint": {setting(unchanged.Entrypoint), `exec ["/start"]`},
		"cmd":        {setting(unchanged.Cmd), `exec ["serve"]`},
		"health":     {setting(unchanged.Health), `exec []`},
		"shell":      {setting(unchanged.Shell), `["/bin/sh" "-c"]`},
		"variable":   {setting(unchanged.Env["APP_UID"]), `"1654"`},
	} {
		if set.got != set.want {
			t.Errorf("%s is %s, want %s", name, set.got, set.want)
		}
	}
	if diff := cmp.Diff([]Port{{First: 8080, Last: 8080, Protocol: "tcp"}}, unchanged.Expose); diff != "" {
		t.Error(diff)
	}
	if unchanged.HasShell != base.No || unchanged.HasPackages != base.No {
		t.Errorf("shell %v, packages %v", unchanged.HasShell, unchanged.HasPackages)
	}

	changed := follow(t, "FROM a\nENTRYPOINT [\"x\"]\nUSER $APP_UID\nWORKDIR logs\nENV OTHER=$ELSE\nEXPOSE 80\n", facts)
	for name, set := range map[string]struct{ got, want string }{
		"user":       {setting(changed.User), `"1654" (USER)`},
		"workdir":    {setting(changed.Workdir), `"/app/logs" (WORKDIR)`},
		"entrypoint": {setting(changed.Entrypoint), `exec ["x"] (ENTRYPOINT)`},
		"cmd":        {setting(changed.Cmd), `exec []`},
		"variable":   {setting(changed.Env["OTHER"]), `"$ELSE", not known (ENV)`},
	} {
		if set.got != set.want {
			t.Errorf("%s is %s, want %s", name, set.got, set.want)
		}
	}
	if len(changed.Expose) != 2 || changed.Expose[1].First != 80 {
		t.Errorf("ports are %v", changed.Expose)
	}
	if facts.Env["OTHER"] != "" || len(facts.Env) != 1 {
		t.Errorf("the facts were changed: %v", facts.Env)
	}
}

func TestStateOnWindows(t *testing.T) {
	t.Parallel()
	st := follow(t, "FROM a\nWORKDIR app\nWORKDIR C:/srv\n", &base.Facts{DotNet: &base.DotNet{Windows: true}})
	if got := st.Shell.Value[0]; got != "cmd" {
		t.Errorf("shell is %q", got)
	}
	if got := st.Workdir.Value; got != "C:/srv" {
		t.Errorf("workdir is %q", got)
	}
}
