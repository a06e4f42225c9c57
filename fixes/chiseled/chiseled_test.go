package chiseled_test

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/fixes"
	"github.com/chiselbot/chiselbot/fixes/chiseled"
	"github.com/chiselbot/chiselbot/fixes/plantest"
)

// recipe is the recipe with options as the command has them.
func recipe(flags []string) *fixes.Recipe {
	var o chiseled.Options
	for _, f := range flags {
		switch f {
		case "upgrade":
			o.Upgrade = true
		case "read-only":
			o.ReadOnly = true
		default:
			o.Variant = chiseled.Variant(f)
		}
	}
	return chiseled.Recipe(o)
}

func TestRewrites(t *testing.T) {
	t.Parallel()
	for _, r := range chiseled.Rewrites() {
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			var flags []string
			if r.ID == "sdk" { // which has something to do with it only
				flags = []string{"upgrade"}
			}
			plantest.Page(t, recipe(flags), r.ID, r.Doc)
			plantest.Cases(t, recipe, r.ID+".txtar")
		})
	}
}

func TestRecipe(t *testing.T) {
	t.Parallel()
	plantest.Page(t, recipe(nil), "chiseled", recipe(nil).Doc)
}

// TestOneStem demands that a rewrite is on the list exactly when its files exist.
func TestOneStem(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	for _, r := range chiseled.Rewrites() {
		listed[r.ID] = true
	}
	for _, ext := range []string{".md", ".txtar"} {
		found := map[string]bool{}
		files, err := fs.Glob(os.DirFS("."), "*"+ext)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if stem := strings.TrimSuffix(f, ext); stem != "chiseled" {
				found[stem] = true
			}
		}
		if diff := cmp.Diff(listed, found); diff != "" {
			t.Errorf("rewrites on the list and files %s (-list +files):\n%s", ext, diff)
		}
	}
}

// TestStays demands that what is found before and after, about the image under another
// name, is said to stay, and neither to be gone nor to be new.
func TestStays(t *testing.T) {
	t.Parallel()
	plans := plantest.Plans(t, chiseled.Recipe(chiseled.Options{}), map[string]string{
		"Dockerfile": "FROM mcr.microsoft.com/dotnet/nightly/aspnet:6.0-jammy-chiseled\nCOPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n",
	})
	if len(plans) != 1 {
		t.Fatalf("got %d plans, want 1", len(plans))
	}
	proof := plans[0].Proof
	want := "`out-of-support` stays: Support for .NET 6.0 ended on 2024-11-12: holes found since then stay open."
	if !slices.Contains(proof.Open, want) {
		t.Errorf("got open %q, want %q among it", proof.Open, want)
	}
	if held := "The rules find nothing new, and these findings are gone: `nightly-image`."; !slices.Contains(proof.Held, held) {
		t.Errorf("got held %q, want %q among it", proof.Held, held)
	}
}

// TestManyServices demands that calls are not looked for without end, and that a person is
// told where they were not.
func TestManyServices(t *testing.T) {
	t.Parallel()
	var compose strings.Builder
	compose.WriteString("services:\n")
	for n := range 50 {
		fmt.Fprintf(&compose, "  cats%d: {build: .}\n", n)
	}
	plans := plantest.Plans(t, chiseled.Recipe(chiseled.Options{}), map[string]string{
		"Dockerfile":   "FROM mcr.microsoft.com/dotnet/aspnet:6.0-jammy\nCOPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n",
		"compose.yaml": compose.String() + "# " + strings.Repeat("purr ", 46_000) + "\n",
	})
	if len(plans) != 1 {
		t.Fatalf("got %d plans, want 1", len(plans))
	}
	var reasons []string
	for _, r := range plans[0].Reasons {
		reasons = append(reasons, r.Message)
	}
	want := []string{"Whether another container calls `cats36` on the port that moves is not known: there are more services and files than are searched for it."}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}

// TestBounds demands that what is not read of the source counts as what stands in the way.
func TestBounds(t *testing.T) {
	t.Parallel()
	const harmless = "builder.WebHost.UseKestrel(o => o.AddServerHeader = false);\n"
	for _, tt := range []struct{ name, program, want string }{
		{"few calls", strings.Repeat(harmless, 20), ""},
		{"many calls", strings.Repeat(harmless, 21), "The source decides where the application listens, and the port that the image gives moves from 80 to 8080."},
		{"a short line", `File.Copy(a, "/tmp/b");`, ""},
		{"a long line", `File.Copy(a,` + strings.Repeat(" ", 5000) + `"/tmp/b");`, "The source writes files, and where they lie is not known: the application is root today, and as `app` may write to `/tmp`, to `/home/app` and to what the Dockerfile gives it."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			plans := plantest.Plans(t, chiseled.Recipe(chiseled.Options{}), map[string]string{
				"Dockerfile":  "FROM mcr.microsoft.com/dotnet/sdk:6.0 AS build\nCOPY . .\nRUN dotnet publish Cats.csproj -o /out\n\nFROM mcr.microsoft.com/dotnet/aspnet:6.0-jammy\nCOPY --from=build /out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n",
				"Cats.csproj": `<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net6.0</TargetFramework></PropertyGroup></Project>`,
				"Program.cs":  tt.program,
			})
			if len(plans) != 1 {
				t.Fatalf("got %d plans, want 1", len(plans))
			}
			got := ""
			for _, r := range plans[0].Reasons {
				got += r.Message
			}
			if got != tt.want {
				t.Errorf("got the reason %q, want %q", got, tt.want)
			}
		})
	}
}
