package review_test

import (
	"fmt"
	"strings"
	"testing"

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
