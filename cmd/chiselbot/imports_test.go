package main

import (
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/chiselbot/chiselbot/"

// TestImports holds the house's order: cmd → app → fixes → checks, each library behind
// one package, and nothing that needs an experiment of the Go command.
func TestImports(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", `{{.ImportPath}} {{join .Imports ","}}`, "../../...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	imports := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		pkg, list, _ := strings.Cut(strings.TrimSpace(line), " ")
		imports[pkg] = strings.Split(list, ",")
	}
	if len(imports) < 100 || imports[module+"checks"] == nil {
		t.Fatalf("go list gave %d packages", len(imports))
	}

	reach := map[string]map[string]bool{}
	var visit func(pkg string) map[string]bool
	visit = func(pkg string) map[string]bool {
		if all, ok := reach[pkg]; ok {
			return all
		}
		all := map[string]bool{}
		reach[pkg] = all
		for _, dep := range imports[pkg] {
			all[dep] = true
			for d := range visit(dep) {
				all[d] = true
			}
		}
		return all
	}

	// reaches: no package below the first may reach one below the second.
	reaches := [][2]string{
		{module + "checks", module + "fixes"},
		{module + "checks", module + "app"},
		{module + "fixes", module + "app"},
		{module + "app", module + "cmd"},
		{module + "app/report", module + "app/repository"},
		{module + "app/propose", module + "app/github"},
		{module + "app/command", module + "checks"},
		{module + "app/review", module + "app/repository"},
		{module + "app/githubtest", module + "app/github"},
		{module + "app/codeowners", module + "checks"},
		{module + "app/schedule", module + "checks"},
	}
	// only: a library, and the packages that may import it.
	only := map[string][]string{
		"github.com/go-git/go-git":               {module + "app/repository", module + "app/githubtest"}, // which serves real objects
		"github.com/google/go-github":            {module + "app/github"},
		"github.com/bradleyfalzon":               {module + "app/github"},
		"github.com/google/go-containerregistry": {module + "app/charts", module + "app/registry", module + "app/build/buildtest"},
		"github.com/riverqueue/river":            {module + "app/jobs"},
		"modernc.org/sqlite":                     {module + "app/store"},
		"github.com/jackc/pgx":                   {module + "app/store", module + "app/jobs"}, // whose transactions the queue shares
		"github.com/prometheus":                  {module + "app/telemetry"},
		"github.com/golang-jwt/jwt":              {module + "app/githubtest"},
		"github.com/vektah/gqlparser":            {module + "app/githubtest"},
		"github.com/aquasecurity/trivy":          {module + "checks/misconf"},
		"github.com/open-policy-agent/opa":       {module + "checks/misconf"},
		"github.com/moby/buildkit":               {module + "checks/dockerfile", module + "app/build"},
		"github.com/tonistiigi/fsutil":           {module + "app/build"},
		"google.golang.org/grpc":                 {module + "app/build"},
		"helm.sh/helm":                           {module + "checks/chart"},
		"github.com/Masterminds":                 {module + "checks/chart", module + "app/charts"},
		"mvdan.cc/sh":                            {module + "checks/dockerfile"},
		"go.yaml.in/yaml":                        {module + "app/config", module + "app/charts", module + "checks/kube"},
		"github.com/owenrumney/go-sarif":         {module + "app/report"},
		"github.com/spf13/cobra":                 {module + "cmd"},
		"github.com/charmbracelet/x":             {module + "app/report", module + "cmd"},
		"github.com/distribution/reference":      {module + "checks/base"},
		"github.com/aymanbagabas/go-udiff":       {module + "fixes", module + "app/review", module + "app/githubtest"},
		"github.com/adhocore/gronx":              {module + "app/schedule"},
	}
	// never: what the core may not import itself: it returns data, it does not log and
	// it does not know the hour.
	never := []string{"log", "log/slog", "net/http", "os/exec"}

	for pkg, deps := range imports {
		// Go 1.26 has it only with GOEXPERIMENT=jsonv2; of Go 1.27 libraries may use what
		// it has, and do.
		if strings.HasPrefix(runtime.Version(), "go1.26") && strings.Contains(strings.Split(pkg, "/")[0], ".") && slices.Contains(deps, "encoding/json/v2") {
			t.Errorf("%s imports encoding/json/v2, which a plain build with Go 1.26 does not have", pkg)
		}
		if !strings.HasPrefix(pkg, module) {
			continue
		}
		all := visit(pkg)
		for _, r := range reaches {
			if !below(pkg, r[0]) {
				continue
			}
			for dep := range all {
				if below(dep, r[1]) {
					t.Errorf("%s reaches %s", pkg, dep)
				}
			}
		}
		for _, dep := range deps {
			for library, allowed := range only {
				if below(dep, library) && !slices.ContainsFunc(allowed, func(a string) bool { return below(pkg, a) }) {
					t.Errorf("%s imports %s, which only %s may", pkg, dep, allowed)
				}
			}
			if (below(pkg, module+"checks") || below(pkg, module+"fixes")) && pkg != module+"checks/checktest" && slices.Contains(never, dep) {
				t.Errorf("%s imports %s: the core neither logs nor reaches out", pkg, dep)
			}
		}
	}
}

// below reports whether the package is the other one or in a folder below it.
func below(pkg, other string) bool {
	other = strings.TrimSuffix(other, "/")
	return pkg == other || strings.HasPrefix(pkg, other+"/")
}
