package config

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNamedDockerfile(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"Dockerfile": true, "dockerfile": true, "DOCKERFILE": true, "Containerfile": true, "containerfile": true,
		"Dockerfile.dev": true, "Dockerfile.alpine-3.22": true, "dockerfile.prod": true, "Containerfile.x": true,
		"Dockerfile.windows.amd64": true, "Dockerfile.9.0": true, "Dockerfile.txt": true,
		"app.Dockerfile": true, "app.dockerfile": true, "app.Containerfile": true, ".dockerfile": true,
		"Dockerfile.py": true, "dockerfile.py": false, "Containerfile.go": true, "dockerfile.go": false,
		"Dockerfile.java": false, "Dockerfile.cs": false,
		"Dockerfile.md": false, "Dockerfile.dev.md": false, "Dockerfile.json": false, "Dockerfile.YAML": false,
		"Dockerfile.tmpl": false, "Dockerfile.j2": false, "Containerfile.in": false,
		"Dockerfile.dockerignore": false, "app.Dockerfile.dockerignore": false, ".dockerignore": false,
		"Dockerfile.orig": false, "Dockerfile~": false, "Dockerfile.dev~": false,
		"Dockerfile.": false, "Dockerfiles": false, "MyDockerfile": false, "Dockerfile-dev": false, "docker": false, "": false,
	} {
		if got := namedDockerfile(name); got != want {
			t.Errorf("%s: %t, want %t", name, got, want)
		}
	}
}

func TestIsDockerfile(t *testing.T) {
	t.Parallel()
	s := Settings{Dockerfiles: Dockerfiles{
		Include: []string{"docker/*.docker", "**/images/**"},
		Exclude: []string{"**/testdata/**", "docker/old.docker"},
	}}
	for path, want := range map[string]bool{
		"Dockerfile": true, "a/b/Dockerfile.dev": true, "main.go": false,
		"docker/app.docker": true, "docker/old.docker": false, "a/docker/app.docker": false,
		"images/base": true, "a/images/b/c": true,
		"testdata/Dockerfile": false, "a/testdata/b/Dockerfile": false, "testdata/images/x": false,
	} {
		if got := s.IsDockerfile(path); got != want {
			t.Errorf("%s: %t, want %t", path, got, want)
		}
	}
}

func TestAlternatives(t *testing.T) {
	t.Parallel()
	for glob, want := range map[string]int{
		"a": 1, "a,b": 1, "{a,b}": 2, "{a,b}{c,d,e}": 6, "{a,{b,c}}": 4, `\{a,b`: 1, "{a}": 1,
		strings.Repeat("{a,b}", 30): 2 * maxAlternatives,
	} {
		if got := alternatives(glob); got != want {
			t.Errorf("%s: %d, want %d", glob, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"root-usr": "root-user", "ROOT_USER": "root-user", "floating": "", "foating-tags": "floating-tag",
		"DS-026": "DS-0026", "x": "", "": "", strings.Repeat("root-user", 20): "",
	} {
		if got := nearest(written, known); got != want {
			t.Errorf("%q: %q, want %q", written, got, want)
		}
	}
}

func BenchmarkIsDockerfile(b *testing.B) {
	paths := []string{
		"README.md", "src/services/catalog/Catalog.API/Controllers/CatalogController.cs", "src/web/Dockerfile",
		"vendor/github.com/moby/buildkit/frontend/dockerfile/parser/parser.go", "deploy/app.Dockerfile", "docker/Dockerfile.dev",
		"a/containerfile.md", "src/components/d.tsx",
	}
	for name, s := range map[string]*Settings{
		"default": Default(),
		"globs":   {Dockerfiles: Dockerfiles{Include: []string{"docker/*.docker", "**/*.docker"}, Exclude: []string{"**/testdata/**"}}},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.IsDockerfile(paths[i%len(paths)])
			}
		})
	}
}

// FuzzGlob holds that a glob without a problem can be matched, and that one without
// wildcards matches itself alone.
func FuzzGlob(f *testing.F) {
	for _, glob := range []string{"**/*.docker", "{a,b}/[a-c]?", `we\{ird`, "{[}]}", "[{]", "{,}{,}", "{[a-,]}", "a/b.docker"} {
		f.Add(glob, "a/b.docker")
	}
	f.Fuzz(func(t *testing.T, glob, name string) {
		if message, _ := checkGlob(glob); message != "" || !utf8.ValidString(glob) || !utf8.ValidString(name) {
			return
		}
		got := matches([]string{glob}, name)
		if want := glob == name; got != want && !strings.ContainsAny(glob, `*?[]{}\`) {
			t.Errorf("%q matches %q: %t, want %t", glob, name, got, want)
		}
	})
}
