package chiseled

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// platform takes --platform off a FROM that would give an image for the machine that
// builds: full and chiseled images differ in nothing there, but a migration is when an
// image first gets built for a second architecture.
// https://docs.docker.com/build/building/multi-platform/#cross-compilation
func (m *migration) platform() {
	for _, s := range m.stages {
		flag := s.From.Flag("platform")
		if s.Parent != nil || flag == nil || !strings.Contains(flag.Value, "BUILDPLATFORM") && !strings.Contains(flag.Value, "BUILDARCH") {
			continue
		}
		if !slices.ContainsFunc(m.images, func(i *image) bool { return i.root == s }) {
			continue
		}
		end := flag.Span.End
		for end < len(m.File.Text()) && strings.IndexByte(" \t", m.File.Text()[end]) >= 0 {
			end++
		}
		m.step(flag.Span, "Build the image for the machine that it is to run on", "`--platform` makes it one for the machine that builds, which is for stages that compile.",
			m.edit(source.Span{Start: flag.Span.Start, End: end}, ""))
	}
}

// onePlatform says as a clause that a FROM names its platform, whatever is built; empty where
// none does.
func (m *migration) onePlatform() string {
	for _, i := range m.images {
		if flag := i.root.From.Flag("platform"); flag != nil && !strings.Contains(flag.Value, "$") {
			return fmt.Sprintf("its `FROM` is pinned to %s, and a stage beside it would be one for whatever is built", checks.Code(flag.Value))
		}
	}
	return ""
}

// isPipeline reports whether a file tells a build service what to build.
func isPipeline(name string) bool {
	lower := strings.ToLower(name)
	base := lower[strings.LastIndexByte(lower, '/')+1:]
	yaml := strings.HasSuffix(base, ".yml") || strings.HasSuffix(base, ".yaml")
	switch {
	case strings.HasPrefix(lower, ".github/workflows/"), strings.HasPrefix(lower, ".azuredevops/"), strings.HasPrefix(lower, ".circleci/"), strings.HasPrefix(lower, ".tekton/"):
		return yaml
	case strings.HasPrefix(base, "azure-pipelines"), strings.HasPrefix(base, ".gitlab-ci"), strings.HasPrefix(base, ".drone"), strings.HasPrefix(base, "docker-bake."):
		return true
	case strings.HasPrefix(base, "docker-compose"), strings.HasPrefix(base, "compose."):
		return yaml
	}
	return base == "makefile" || base == "jenkinsfile"
}
