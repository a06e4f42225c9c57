package dotnet_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/dotnet"
)

// BenchmarkFor asks for all Dockerfiles of a repository of services, each with a project
// and ten source files that have to be read. The time per file must not grow with their
// number.
func BenchmarkFor(b *testing.B) {
	for _, services := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(services), func(b *testing.B) {
			files := map[string]string{}
			for i := range services {
				dir := fmt.Sprintf("services/s%d/", i)
				files[dir+"Dockerfile"] = strings.ReplaceAll(build, "COPY . /src", "WORKDIR /src\nCOPY *.csproj ./\nRUN dotnet restore\nCOPY . .")
				files[dir+"App.csproj"] = "<Project><PropertyGroup><TargetFramework>net8.0</TargetFramework></PropertyGroup></Project>"
				for n := range 10 {
					files[fmt.Sprintf("%sCode%d.cs", dir, n)] = strings.Repeat("var c = CultureInfo.InvariantCulture;\n", 50)
				}
			}
			tree, _ := repository(b, files)
			paths := collect(b, tree)
			var dockerfiles []*dockerfile.File
			for i := range services {
				dockerfiles = append(dockerfiles, parse(b, tree, fmt.Sprintf("services/s%d/Dockerfile", i)))
			}
			for b.Loop() {
				projects := dotnet.NewProjects(tree, paths)
				for _, f := range dockerfiles {
					if !projects.For(f).Found {
						b.Fatal("no project")
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*services), "µs/file")
		})
	}
}
