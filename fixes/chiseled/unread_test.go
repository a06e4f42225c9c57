package chiseled_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
	"github.com/chiselbot/chiselbot/fixes/chiseled"
	"github.com/chiselbot/chiselbot/fixes/plantest"
)

// TestUnread demands that what was not read of the source is not taken for harmless.
func TestUnread(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for n := range 2001 {
		many[fmt.Sprintf("src/C%04d.cs", n)] = "class C;"
	}
	tests := []struct {
		name  string
		files map[string]string
		want  string // the reason, and none where it is empty
	}{
		{"all is read", map[string]string{"src/Program.cs": "app.Run();"}, ""},
		{"too large", map[string]string{"src/Data.cs": strings.Repeat("// data\n", source.MaxFileBytes/8+1)}, "src/Data.cs:1 A file of the projects is not known"},
		{"compose file too large", map[string]string{"compose.yaml": strings.Repeat("# services\n", 200_000)}, "What this compose file says of the image is not known: read compose.yaml: "},
		{"compose file cut off", map[string]string{"compose.yaml": "services:\n  cats: {build: ."}, "What this compose file says of the image is not known for certain: "},
		{"too many", many, "src/C2000.cs:1 The projects have more source than the 2000 files or 16 MiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.files["Dockerfile"] = "FROM mcr.microsoft.com/dotnet/aspnet:10.0\nCOPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n"
			tt.files["src/Cats.csproj"] = `<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>`
			plans, _, err := fixes.Plans(t.Context(), checktest.Tree(tt.files), chiseled.Recipe(chiseled.Options{}), plantest.Options())
			if err != nil || len(plans) != 1 {
				t.Fatal(plans, err)
			}
			got := ""
			for _, n := range plans[0].Notes {
				if n.At.Path() == "compose.yaml" {
					got += n.Message
				}
			}
			for _, r := range plans[0].Reasons {
				got += fmt.Sprintf("%s:%d %s", r.At.Path(), r.At.Line(), r.Message)
			}
			if tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) {
				t.Errorf("reasons %q, want %q", got, tt.want)
			}
		})
	}
}
