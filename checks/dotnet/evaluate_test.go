package dotnet_test

import (
	"encoding/xml"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/dotnet"
	"github.com/chiselbot/chiselbot/checks/source"
)

// build is a Dockerfile that publishes App.csproj beside it.
const build = `FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build
COPY . /src
RUN dotnet publish /src/App.csproj -o /out
FROM mcr.microsoft.com/dotnet/aspnet:8.0
COPY --from=build /out .
ENTRYPOINT ["dotnet", "App.dll"]
`

// repository is a tree of these files, and its projects.
func repository(t testing.TB, files map[string]string) (source.Tree, *dotnet.Projects) {
	t.Helper()
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tree := source.Tree{FS: m}
	return tree, dotnet.NewProjects(tree, collect(t, tree))
}

func TestConditions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		condition string
		want      base.Known
	}{
		{"", base.Yes},
		{"'$(Configuration)' == 'Release'", base.Yes},
		{" '$(Configuration)'=='debug' ", base.No},
		{"$(Configuration) != Debug", base.Yes},
		{"'$(Configuration)|x' == 'release|X'", base.Yes},
		{"'$(Set)' == 'yes'", base.Yes},
		{"'$(Unset)' == ''", base.Unknown},
		{"'$(AssemblyName)' == ''", base.Yes},
		{"'$(TargetFramework)' == 'net8.0'", base.Unknown},
		{"'$(Set)' == 'yes' and '$(Configuration)' == 'Debug'", base.No},
		{"'$(Set)' == 'yes' AND '$(Unset)' == 'x'", base.Unknown},
		{"'$(Set)' == 'no' And '$(Unset)' == 'x'", base.No},
		{"'$(Unset)' == 'x' or '$(Set)' == 'yes'", base.Yes},
		{"'$(Unset)' == 'x' or '$(Set)' == 'no'", base.Unknown},
		{"('$(Set)' == 'yes')", base.Unknown},
		{"!('$(Set)' == 'yes')", base.Unknown},
		{"'$(Set.ToUpper())' == 'YES'", base.Unknown},
		{"$([MSBuild]::IsOSPlatform('Linux'))", base.Unknown},
		{"Exists('shared.props')", base.Yes},
		{"Exists('$(MSBuildThisFileDirectory)shared.props')", base.Yes},
		{"Exists('other.props')", base.Unknown},
		{"'a and b' == 'a and b'", base.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.condition, func(t *testing.T) {
			t.Parallel()
			var condition strings.Builder
			if err := xml.EscapeText(&condition, []byte(tt.condition)); err != nil {
				t.Fatal(err)
			}
			tree, projects := repository(t, map[string]string{
				"Dockerfile":   build,
				"shared.props": "<Project/>",
				"App.csproj": fmt.Sprintf(`<Project><PropertyGroup><Set>yes</Set><InvariantGlobalization>false</InvariantGlobalization>
					<InvariantGlobalization Condition="%s">true</InvariantGlobalization></PropertyGroup></Project>`, condition.String()),
			})
			// ICU is needed where the second line does not hold, and not where it does.
			want := map[base.Known]base.Known{base.Yes: base.No, base.No: base.Yes}[tt.want]
			if got := projects.For(parse(t, tree, "Dockerfile")).ICU; got != want {
				t.Errorf("ICU %d, want %d", got, want)
			}
		})
	}
}

func TestSource(t *testing.T) {
	t.Parallel()
	tests := []struct {
		source         string
		icu, timeZones base.Known
	}{
		{`var c = new CultureInfo("de-DE");`, base.Yes, base.Unknown},
		{`var c = CultureInfo.GetCultureInfo ( "de");`, base.Yes, base.Unknown},
		{`app.UseRequestLocalization(options);`, base.Yes, base.Unknown},
		{`var z = TimeZoneInfo.FindSystemTimeZoneById(id);`, base.Unknown, base.Yes},
		{`var z = TZConvert.GetTimeZoneInfo(id);`, base.Unknown, base.Yes},
		{`var c = CultureInfo.InvariantCulture;`, base.Unknown, base.Unknown},
		{`var c = new CultureInfo("");`, base.Unknown, base.Unknown},
		{`var c = new MyCultureInfo("de");`, base.Unknown, base.Unknown},
		{`UseRequestLocalizationLater();`, base.Unknown, base.Unknown},
		{`  // new CultureInfo("de")`, base.Unknown, base.Unknown},
		{"// new CultureInfo(\"de\")\nnew CultureInfo(\"en\")", base.Yes, base.Unknown},
		{`TimeZoneInfo.Utc`, base.Unknown, base.Unknown},
		{`CultureInfo(`, base.Unknown, base.Unknown},
		{`TZConvert`, base.Unknown, base.Yes},
	}
	for _, tt := range tests {
		t.Run(tt.source, func(t *testing.T) {
			t.Parallel()
			tree, projects := repository(t, map[string]string{"Dockerfile": build, "App.csproj": "<Project/>", "Code.cs": tt.source})
			n := projects.For(parse(t, tree, "Dockerfile"))
			if n.ICU != tt.icu || n.TimeZones != tt.timeZones {
				t.Errorf("want ICU %d, time zones %d, got\n%s", tt.icu, tt.timeZones, outline(n))
			}
		})
	}
}

// reads counts how often each file is opened.
type reads struct {
	fs.ReadLinkFS
	mu    sync.Mutex
	count map[string]int
}

func (r *reads) Open(name string) (fs.File, error) {
	r.mu.Lock()
	r.count[name]++
	r.mu.Unlock()
	return r.ReadLinkFS.Open(name)
}

func TestEachFileIsReadOnce(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"Directory.Build.props":       "<Project/>",
		"Lib/Lib.csproj":              "<Project/>",
		"Lib/Code.cs":                 "class C {}",
		"Lib/packages.lock.json":      "{}",
		"runtimeconfig.template.json": "{}",
		"App.csproj":                  `<Project><ItemGroup><ProjectReference Include="Lib\Lib.csproj" /></ItemGroup></Project>`,
		"never/Never.csproj":          "<Project/>",
	}
	var names []string
	for i := range 8 {
		name := fmt.Sprintf("Dockerfile.%d", i)
		files[name] = build
		names = append(names, name)
	}
	tree, alone := repository(t, files)
	counted := &reads{ReadLinkFS: tree.FS.(fs.ReadLinkFS), count: map[string]int{}}
	projects := dotnet.NewProjects(source.Tree{FS: counted}, collect(t, tree))

	var wg sync.WaitGroup
	for _, name := range names {
		f := parse(t, tree, name)
		for range 4 {
			wg.Go(func() {
				if diff := cmp.Diff(outline(alone.For(f)), outline(projects.For(f))); diff != "" {
					t.Errorf("%s (-alone +counted):\n%s", name, diff)
				}
			})
		}
	}
	wg.Wait()
	want := map[string]int{
		"Directory.Build.props": 1, "App.csproj": 1, "Lib/Lib.csproj": 1, "Lib/Code.cs": 1,
		"Lib/packages.lock.json": 1, "runtimeconfig.template.json": 1,
	}
	if diff := cmp.Diff(want, counted.count); diff != "" {
		t.Errorf("files read (-want +got):\n%s", diff)
	}
}

// TestHostile gives files that are made to cost much: it fails by taking for ever.
func TestHostile(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("<Choose><When>", 2000)
	many := map[string]string{"Dockerfile": build, "App.csproj": `<Project><ItemGroup><ProjectReference Include="p0.csproj" /></ItemGroup></Project>`}
	for i := range 300 {
		many[fmt.Sprintf("p%d.csproj", i)] = fmt.Sprintf(`<Project><ItemGroup><ProjectReference Include="p%d.csproj" /><ProjectReference Include="p0.csproj" /></ItemGroup></Project>`, i+1)
	}
	var doubling, arguments strings.Builder
	arguments.WriteString("FROM scratch\nARG A0=abcdefgh\n")
	for i := range 200 {
		fmt.Fprintf(&doubling, "<A%d>$(A%d)$(A%d)x</A%d>", i+1, i, i, i+1)
		fmt.Fprintf(&arguments, "ARG A%d=$A%d$A%d\n", i+1, i, i)
	}
	tests := []struct {
		name    string
		files   map[string]string
		problem string
	}{
		{"references in a long circle", many, ""},
		{"nesting", map[string]string{"Dockerfile": build, "App.csproj": "<Project>" + deep}, "`App.csproj` could not be read: elements nest deeper than 64."},
		{"tokens", map[string]string{"Dockerfile": build, "App.csproj": "<Project>" + strings.Repeat("<a/>", 60_000) + "</Project>"}, "`App.csproj` could not be read: more than 50000 XML tokens."},
		{"size", map[string]string{"Dockerfile": build, "App.csproj": "<Project>" + strings.Repeat(" ", 1<<20) + "</Project>"}, "`App.csproj` could not be read: file is larger than 1 MiB."},
		{"encoding", map[string]string{"Dockerfile": build, "App.csproj": `<?xml version="1.0" encoding="utf-16"?><Project/>`}, "`App.csproj` could not be read: xml: opening charset \"utf-16\": encoding utf-16 is not supported."},
		{"no project", map[string]string{"Dockerfile": build, "App.csproj": `<html/>`}, "`App.csproj` could not be read: the root element is html, not Project."},
		{"unclosed", map[string]string{"Dockerfile": build, "App.csproj": `<Project><PropertyGroup><A>`}, "`App.csproj` could not be read: XML syntax error on line 1: unexpected EOF."},
		{"doubling properties", map[string]string{"Dockerfile": build, "App.csproj": "<Project><PropertyGroup><A0>abcdefgh</A0>" + doubling.String() + "</PropertyGroup></Project>"}, ""},
		{"doubling arguments", map[string]string{"Dockerfile": arguments.String() + "COPY $A200 /src\nRUN dotnet publish $A200\n", "App.csproj": "<Project/>"}, ""},
		{"paths out of the tree", map[string]string{
			"Dockerfile": "FROM scratch\nCOPY ../../etc /x\nWORKDIR ../../..\nRUN dotnet publish ../../App.csproj\n", "App.csproj": `<Project><Import Project="..\..\..\etc\passwd.props" /></Project>`,
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tree, projects := repository(t, tt.files)
			n := projects.For(parse(t, tree, "Dockerfile"))
			if got := strings.Join(n.Problems, "\n"); got != tt.problem {
				t.Errorf("problems: %s\nwant: %s", got, tt.problem)
			}
			if n.ICU != base.Unknown || n.TimeZones != base.Unknown {
				t.Errorf("something was decided:\n%s", outline(n))
			}
		})
	}
}

func FuzzProject(f *testing.F) {
	f.Add(build, `<Project><PropertyGroup><InvariantGlobalization Condition="'$(A)' == ''">true</InvariantGlobalization></PropertyGroup></Project>`, `<Project><Import Project="App.csproj"/></Project>`)
	f.Add(build, `<Project><ItemGroup><PackageReference Include="a;Microsoft.Data.SqlClient"><Version>1</Version></PackageReference><ProjectReference Include="Lib\Lib.csproj"/></ItemGroup></Project>`, "\uFEFF<Project/>")
	f.Add("FROM a AS b\nARG X=App\nRUN cd src && dotnet build $X.csproj -c Release\nFROM a\nCOPY --from=b /x /y\n", `<Project><Choose><When/></Choose></Project>`, `<!DOCTYPE x [<!ENTITY a "b">]><Project>&a;</Project>`)
	f.Add("FROM a\nCOPY **/*.csproj App.* ./\nRUN apk add icu-libs\nENV TZ=x\nCMD App.dll", `<?xml version="1.0" encoding="windows-1252"?><Project/>`, `<Project><PropertyGroup><A>$([MSBuild]::GetPathOfFileAbove('x'))</A></PropertyGroup></Project>`)
	f.Fuzz(func(t *testing.T, file, project, props string) {
		df, err := dockerfile.Parse(source.NewFile("src/Dockerfile", file))
		if err != nil {
			t.Skip()
		}
		files := map[string]string{
			"src/App.csproj": project, "src/Lib/Lib.csproj": props, "Directory.Build.props": props,
			"src/packages.lock.json": project, "src/runtimeconfig.template.json": props, "src/Code.cs": project,
		}
		_, one := repository(t, files)
		_, two := repository(t, files)
		n := one.For(df)
		for _, e := range append(n.Evidence, n.Native...) {
			if whole := (source.Span{End: len(e.File.Text())}); e.Span.Start > e.Span.End || !whole.Contains(e.Span) {
				t.Fatalf("span %v lies outside of %s", e.Span, e.File.Path())
			}
		}
		for _, p := range n.Problems {
			if !strings.HasSuffix(p, ".") {
				t.Errorf("problem is no sentence: %s", p)
			}
		}
		if diff := cmp.Diff(outline(n), outline(two.For(df))); diff != "" {
			t.Errorf("two answers (-first +second):\n%s", diff)
		}
	})
}
