package chiseled_test

import (
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/dotnet"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
	"github.com/chiselbot/chiselbot/fixes/chiseled"
	"github.com/chiselbot/chiselbot/fixes/plantest"
)

// subject is what the recipe is asked about in a tree whose only Dockerfile has a text;
// false where that is none.
func subject(text string) (fixes.Subject, bool) {
	file := source.NewFile("Dockerfile", text)
	f, err := dockerfile.Parse(file)
	if err != nil {
		return fixes.Subject{}, false
	}
	tree := checktest.Tree(map[string]string{"Dockerfile": text})
	return fixes.Subject{Tree: tree, File: f, Projects: dotnet.NewProjects(tree, nil), Files: []string{"Dockerfile"}, Now: checktest.Now}, true
}

// FuzzPlan plans for any Dockerfile, applies the plan, and plans again: what comes of it
// is a Dockerfile, and nothing is left to do.
func FuzzPlan(f *testing.F) {
	for _, r := range chiseled.Rewrites() {
		archive, err := txtar.ParseFile(r.ID + ".txtar")
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if strings.HasSuffix(file.Name, "/Dockerfile") {
				f.Add(string(file.Data))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, ok := subject(text)
		if !ok {
			return
		}
		recipe := chiseled.Recipe(chiseled.Options{})
		plan, err := recipe.Plan(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if plan == nil {
			return
		}
		for _, step := range plan.Steps {
			for _, e := range step.Edits {
				if e.Path != "Dockerfile" || e.Span.Start < 0 || e.Span.Start > e.Span.End || e.Span.End > len(text) {
					t.Fatalf("the edit %+v of %q lies outside the file", e, step.Title)
				}
			}
		}
		if !plan.Applicable() {
			if len(plan.Reasons) == 0 {
				t.Fatalf("the plan %q changes nothing and gives no reason", plan.Title)
			}
			return
		}
		after := plan.Changes[0].After
		again, ok := subject(after)
		if !ok {
			t.Fatalf("the plan makes of\n%s\nsomething that is no Dockerfile:\n%s", text, after)
		}
		second, err := recipe.Plan(t.Context(), again)
		if err != nil {
			t.Fatal(err)
		}
		if second != nil && second.Applicable() {
			t.Fatalf("a second plan changes\n%s\nto\n%s", after, second.Changes[0].After)
		}
	})
}

const typical = `# syntax=docker/dockerfile:1
FROM mcr.microsoft.com/dotnet/aspnet:8.0 AS base
RUN apt-get update \
 && apt-get install -y --no-install-recommends curl tzdata \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
EXPOSE 80

FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build
WORKDIR /src
COPY Cats.csproj .
RUN dotnet restore
COPY . .
RUN dotnet publish --no-restore -c Release -o /app/publish

FROM base AS final
RUN groupadd -r cat && useradd -r -g cat cat && mkdir -p /data && chown -R cat:cat /data
COPY --from=build --chown=cat:cat /app/publish .
USER cat
VOLUME /data
ENTRYPOINT dotnet Cats.dll
`

// BenchmarkPlan is one plan for one Dockerfile, parsing included, without proof.
func BenchmarkPlan(b *testing.B) {
	recipe := chiseled.Recipe(chiseled.Options{})
	for b.Loop() {
		s, _ := subject(typical)
		plan, err := recipe.Plan(b.Context(), s)
		if err != nil || plan == nil || !plan.Applicable() {
			b.Fatal(plan, err)
		}
	}
}

// BenchmarkProof is the proof of that plan.
func BenchmarkProof(b *testing.B) {
	recipe := chiseled.Recipe(chiseled.Options{})
	tree := checktest.Tree(map[string]string{"Dockerfile": typical})
	for b.Loop() {
		plans, _, err := fixes.Plans(b.Context(), tree, recipe, plantest.Options())
		if err != nil || len(plans) != 1 || !plans[0].Applicable() {
			b.Fatal(plans, err)
		}
	}
}
