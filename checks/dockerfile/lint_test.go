package dockerfile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

func TestLint(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       []dockerfile.Warning
	}{
		{name: "nothing", text: "FROM alpine:3.22\nCMD [\"a\"]\n"},
		{
			name: "shell form", text: "FROM alpine:3.22\nCMD a\n",
			want: []dockerfile.Warning{{Rule: "JSONArgsRecommended", Message: "JSON arguments recommended for CMD to prevent unintended behavior related to OS signals", Line: 2}},
		},
		{name: "a variable of a known base", text: "FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled\nCOPY --chown=$APP_UID:$APP_UID a /b\n"},
		{
			name: "a variable that nothing sets", text: "FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled\nCOPY a $NOWHERE\n",
			want: []dockerfile.Warning{{Rule: "UndefinedVar", Message: "Usage of undefined variable '$NOWHERE'", Line: 2}},
		},
		{
			name: "stages that are not built", text: "FROM alpine:3.22 AS Build\nFROM scratch\n",
			want: []dockerfile.Warning{{Rule: "StageNameCasing", Message: "Stage name 'Build' should be lowercase", Line: 1}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f, err := dockerfile.Parse(source.NewFile("Dockerfile", test.text))
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Lint(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLintRefuses what the parser lets pass and a build would not.
func TestLintRefuses(t *testing.T) {
	t.Parallel()
	f, err := dockerfile.Parse(source.NewFile("Dockerfile", "FROM alpine:3.22\nEXPOSE x\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Lint(t.Context()); err == nil || !strings.Contains(err.Error(), "x") {
		t.Errorf("got error %v, want one about the port", err)
	}
}
