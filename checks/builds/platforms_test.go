package builds_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/chiselbot/chiselbot/checks/builds"
	"github.com/chiselbot/chiselbot/checks/source"
)

func TestPlatforms(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, files, want string }{
		{"nothing", "-- .github/workflows/ci.yml --\njobs: {a: {steps: [{uses: docker/build-push-action@v6}]}}\n", ""},
		{"action", `-- .github/workflows/ci.yml --
jobs:
  a:
    steps:
      - uses: docker/build-push-action@v6
        with:
          platforms: linux/amd64,linux/arm64/v8
          tags: ${{ steps.meta.outputs.tags }}
`, "linux/amd64 .github/workflows/ci.yml:6, linux/arm64 .github/workflows/ci.yml:6"},
		{"action with variables", `-- .github/workflows/ci.yml --
env:
  ALL: |
    linux/arm64
    linux/arm/v7
jobs:
  a:
    strategy:
      matrix:
        platform: [linux/amd64, linux/s390x]
        to:
          - {platform: linux/ppc64le, runner: big}
        include:
          - platform: linux/riscv64
    steps:
      - uses: docker/build-push-action@v6
        with:
          platforms: ${{ env.ALL }}
      - uses: docker/build-push-action@v6
        with:
          platforms: ${{ matrix.platform }}
      - uses: docker/build-push-action@v6
        with:
          platforms: ${{ matrix.to.platform }}
      - uses: docker/build-push-action@v6
        with:
          platforms: ${{ inputs.platforms }}
`, "linux/arm64 .github/workflows/ci.yml:17, linux/arm .github/workflows/ci.yml:17, linux/amd64 .github/workflows/ci.yml:20, linux/s390x .github/workflows/ci.yml:20, linux/riscv64 .github/workflows/ci.yml:20, linux/ppc64le .github/workflows/ci.yml:23"},
		{"something else", "-- build.sh --\ndocker build --platform local,linux/amd64/v9x .\n", ""},
		{"another Dockerfile", `-- other/Dockerfile --
-- .github/workflows/ci.yml --
jobs:
  a:
    steps:
      - uses: docker/build-push-action@v6
        with: {platforms: linux/s390x, file: other/Dockerfile}
`, ""},
		{"script", `-- build.sh --
docker buildx build --platform linux/amd64,linux/arm64 --platform=$MORE --push .
`, "linux/amd64 build.sh:1, linux/arm64 build.sh:1"},
		{"a large matrix", "-- .github/workflows/ci.yml --\njobs: {a: {strategy: {matrix: {p: [" + strings.Repeat("local, ", 40) + "amd64, " + strings.Repeat("local, ", 100) + "arm64]}}, steps: [{uses: docker/build-push-action@v6, with: {platforms: '${{ matrix.p }}'}}]}}\n",
			"linux/amd64 .github/workflows/ci.yml:1"},
		{"many tags for many platforms", "-- build.sh --\ndocker build" + strings.Repeat(" -t cats --platform linux/amd64,linux/arm64", 20_000) + " .\n",
			"linux/amd64 build.sh:1, linux/arm64 build.sh:1"},
		{"compose", `-- compose.yaml --
services:
  a:
    build:
      context: .
      platforms:
        - linux/amd64
        - arm64
  b: {image: b, platform: linux/s390x}
`, "linux/amd64 compose.yaml:4, linux/arm64 compose.yaml:4"},
		{"skaffold", `-- skaffold.yaml --
build:
  platforms: [linux/amd64, linux/arm64]
  artifacts:
    - image: a
      context: .
`, "linux/amd64 skaffold.yaml:4, linux/arm64 skaffold.yaml:4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tree := fstest.MapFS{}
			var files []string
			dockerfiles := []string{"Dockerfile"}
			for _, f := range txtar.Parse([]byte(tt.files)).Files {
				tree[f.Name] = &fstest.MapFile{Data: f.Data}
				if builds.IsStatement(f.Name) {
					files = append(files, f.Name)
				} else {
					dockerfiles = append(dockerfiles, f.Name)
				}
			}
			var got []string
			for _, p := range builds.New(source.Tree{FS: tree}, files, dockerfiles, nil, nil).Platforms("Dockerfile") {
				got = append(got, fmt.Sprintf("%s %s:%d", p.Name, p.File.Path(), p.Line()))
			}
			if got := strings.Join(got, ", "); got != tt.want {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}
