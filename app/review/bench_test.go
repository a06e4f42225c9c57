package review_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"

	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/checks/misconf"
	"github.com/chiselbot/chiselbot/checks/rules"
)

// dockerfile is one of a kind: no two numbers give files that share Trivy's answer.
func dockerfile(n int) string {
	return fmt.Sprintf(`# syntax=docker/dockerfile:1
FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
WORKDIR /src
COPY App%[1]d.csproj .
RUN dotnet restore
COPY . .
RUN dotnet publish --no-restore -c Release -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble
RUN apt-get update \
 && apt-get install -y --no-install-recommends curl libicu74 \
 && rm -rf /var/lib/apt/lists/*
ENV ASPNETCORE_HTTP_PORTS=8080 \
    SERVICE=%[1]d
WORKDIR /app
COPY --from=build /app .
EXPOSE 8080
USER $APP_UID
HEALTHCHECK CMD curl --fail http://localhost:8080/health || exit 1
ENTRYPOINT ["dotnet", "App%[1]d.dll"]
`, n)
}

func options() review.Options {
	return review.Options{Rules: rules.All(), Scanners: []checks.Scanner{misconf.New()}, KnownIDs: misconf.IDs(), Now: checktest.Now}
}

func do(b *testing.B, base, head map[string]string, opts review.Options) *review.Review {
	b.Helper()
	r, err := review.Of(b.Context(), review.Side{Name: "base", Tree: checktest.Tree(base)}, review.Side{Name: "head", Tree: checktest.Tree(head)}, opts)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// BenchmarkWarmReview is one review of a change to one Dockerfile, both sides, all rules
// and Trivy's. Each round has texts that no round before had, so that nothing is
// remembered.
func BenchmarkWarmReview(b *testing.B) {
	opts := options()
	do(b, nil, map[string]string{"Dockerfile": dockerfile(-1)}, opts)
	n := 0
	for b.Loop() {
		n += 2
		base := map[string]string{"Dockerfile": dockerfile(n)}
		head := map[string]string{"Dockerfile": strings.Replace(dockerfile(n+1), "USER $APP_UID\n", "", 1)}
		if r := do(b, base, head, opts); len(r.Delta.New) == 0 {
			b.Fatal("no new finding")
		}
	}
}

// BenchmarkRepository reviews repositories of different sizes; files/s must not fall
// as they grow.
func BenchmarkRepository(b *testing.B) {
	opts := options()
	do(b, nil, map[string]string{"Dockerfile": dockerfile(-1)}, opts)
	round := 0
	for _, size := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			for b.Loop() {
				round++
				files := map[string]string{}
				for i := range size {
					files[fmt.Sprintf("service%d/Dockerfile", i)] = dockerfile(round*1_000_000 + i)
				}
				do(b, files, files, opts)
			}
			b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "files/s")
		})
	}
}

// createdAs is what `helm create` calls its chart before it is renamed.
const createdAs = "chartname"

// created is the chart that `helm create` makes, by name.
func created(b *testing.B) func(below, name string) map[string]string {
	b.Helper()
	dir := b.TempDir()
	if _, err := chartutil.Create(createdAs, dir); err != nil {
		b.Fatal(err)
	}
	files := map[string]string{}
	err := filepath.WalkDir(filepath.Join(dir, createdAs), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		rest, _ := filepath.Rel(filepath.Join(dir, createdAs), name)
		files[filepath.ToSlash(rest)] = string(text)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return func(below, name string) map[string]string {
		renamed := map[string]string{}
		for rest, text := range files {
			renamed[below+name+"/"+rest] = strings.ReplaceAll(text, createdAs, name)
		}
		return renamed
	}
}

// BenchmarkWarmChart is one review of a change to the values of one chart: both sides,
// rendered and mapped, all rules and Trivy's. No round knows what another saw.
func BenchmarkWarmChart(b *testing.B) {
	opts, chart := options(), created(b)
	do(b, nil, chart("", "first"), opts)
	n := 0
	for b.Loop() {
		n++
		base := chart("", fmt.Sprintf("web%d", n))
		head := maps.Clone(base)
		values := fmt.Sprintf("web%d/values.yaml", n)
		head[values] = strings.Replace(base[values], "replicaCount: 1", "replicaCount: 2", 1)
		if r := do(b, base, head, opts); r.Charts != 1 || len(r.Delta.Same) == 0 || len(r.Objects) == 0 {
			b.Fatalf("%d charts, %d findings, %d objects changed", r.Charts, len(r.Delta.Same), len(r.Objects))
		}
	}
}

// BenchmarkWarmUmbrella is the same for a chart of forty.
func BenchmarkWarmUmbrella(b *testing.B) {
	opts, chart := options(), created(b)
	do(b, nil, chart("", "first"), opts)
	n := 0
	for b.Loop() {
		n++
		base := map[string]string{"all/Chart.yaml": "apiVersion: v2\nname: all\nversion: 1.0.0\n"}
		for i := range 40 {
			maps.Copy(base, chart("all/charts/", fmt.Sprintf("web%d-%d", n, i)))
		}
		head := maps.Clone(base)
		head["all/values.yaml"] = fmt.Sprintf("web%d-7:\n  replicaCount: 3\n", n)
		if r := do(b, base, head, opts); r.Charts != 1 || len(r.Delta.Same) < 40 {
			b.Fatalf("%d charts, %d findings", r.Charts, len(r.Delta.Same))
		}
	}
}
