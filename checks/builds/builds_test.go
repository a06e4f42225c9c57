package builds_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/builds"
	"github.com/chiselbot/chiselbot/checks/source"
)

const repository = `
-- src/Catalog.API/Dockerfile --
-- src/Web/Dockerfile --
-- services/orders/src/Dockerfile --
-- tools/web/Dockerfile --
-- docker/payment.Dockerfile --
-- images/nginx/Dockerfile --
-- odd/one/Dockerfile.prod --
-- odd/two/Dockerfile --
-- odd/three/Dockerfile --
-- odd/four/Dockerfile --
-- compose.yaml --
services:
  basket:
    image: ${REGISTRY:-registry.example.com}/basket:${TAG:-latest}
    build:
      context: .
      dockerfile: odd/one/Dockerfile.prod
      target: final
  db:
    image: postgres:17
  missing:
    image: missing
    build: nowhere
-- deploy/docker-compose.override.yml --
services:
  two:
    image: two
    build: ../odd/two
-- skaffold.yaml --
apiVersion: skaffold/v4beta11
kind: Config
build:
  artifacts:
    - image: shipping
      context: odd/two
-- .github/workflows/ci.yml --
env:
  REGISTRY: ghcr.io
jobs:
  build:
    env:
      NAME: reporting
    steps:
      - uses: docker/build-push-action@v6
        with:
          context: odd/three
          tags: |
            ${{ env.REGISTRY }}/${{ github.repository_owner }}/${{ env.NAME }}:${{ github.sha }}
            ${{ steps.meta.outputs.tags }}
      - run: |
          docker buildx build --platform linux/amd64 \
            -t "ghcr.io/me/mailer:1" -f odd/four/Dockerfile .
-- pipelines/azure-pipelines.yml --
stages:
  - jobs:
      - steps:
          - task: Docker@2
            inputs:
              repository: me/two-tags
              Dockerfile: $(Build.SourcesDirectory)/odd/two/Dockerfile
              tags: $(Build.BuildId)
          - task: Docker@2
            inputs:
              repository: me/two-tags
              Dockerfile: odd/four/Dockerfile
              tags: |
                latest-chiseled
                $(Build.BuildId)-chiseled
          - task: Docker@2
            inputs: {repository: me/any, Dockerfile: "**/Dockerfile"}
          - task: HelmDeploy@0
            inputs:
              arguments: --install -f $(Build.SourcesDirectory)/chart/values-small.yaml --set image.tag=$(version)-chiseled
-- odd/scripts/all.sh --
cd "$HOME"
cd ..
docker build -t returns -f two/Dockerfile .
(cd /elsewhere; docker build -t lost four)
-- Makefile --
image:
	docker build -t $(REGISTRY)/ledger:$(shell git describe) odd/four
	cd odd && docker build -t stock three
deploy:
	helm upgrade ledger chart --values chart/values-test.yaml \
	  --set replicas=2,app.image.tag=test
	helm upgrade ledger chart -f chart/values-two.yaml --set image.tag=a
	helm upgrade ledger chart -f chart/values-two.yaml --set image.tag=b
`

func images(t *testing.T, set map[string]string) *builds.Images {
	t.Helper()
	tree := fstest.MapFS{}
	var files, dockerfiles []string
	for _, f := range txtar.Parse([]byte(repository)).Files {
		tree[f.Name] = &fstest.MapFile{Data: f.Data}
		if builds.IsStatement(f.Name) {
			files = append(files, f.Name)
		} else {
			dockerfiles = append(dockerfiles, f.Name)
		}
	}
	slices.Sort(files)
	slices.Sort(dockerfiles)
	return builds.New(source.Tree{FS: tree}, files, dockerfiles, set, nil)
}

func TestOf(t *testing.T) {
	t.Parallel()
	m := images(t, map[string]string{"ghcr.io/me/special": "odd/two/Dockerfile", "own": "odd/one/Dockerfile.prod"})
	tests := []struct{ image, dir, want string }{
		{"ghcr.io/me/special:1", ".", "odd/two/Dockerfile 4 the settings say so"},
		{"own", ".", "odd/one/Dockerfile.prod 4 the settings say so"},
		{"registry.example.com/basket:2", ".", "odd/one/Dockerfile.prod 3 target final line 3 `compose.yaml` builds it from there"},
		{"two", ".", "odd/two/Dockerfile 3 line 3 `deploy/docker-compose.override.yml` builds it from there"},
		{"shipping", ".", "odd/two/Dockerfile 3 line 5 `skaffold.yaml` builds it from there"},
		{"ghcr.io/anybody/reporting", ".", "odd/three/Dockerfile 3 line 11 `.github/workflows/ci.yml` builds it from there"},
		{"ghcr.io/me/mailer", ".", "odd/four/Dockerfile 3 line 15 `.github/workflows/ci.yml` builds it from there"},
		{"registry.example.com/a/ledger", ".", "odd/four/Dockerfile 3 line 2 `Makefile` builds it from there"},
		{"stock", ".", "odd/three/Dockerfile 3 line 3 `Makefile` builds it from there"},
		{"returns", ".", "odd/two/Dockerfile 3 line 3 `odd/scripts/all.sh` builds it from there"},
		{"me/two-tags:1.2-chiseled", ".", "odd/four/Dockerfile 3 line 11 `pipelines/azure-pipelines.yml` builds it from there"},
		{"me/two-tags:1.2", ".", `odd/two/Dockerfile 3 line 6 ` + "`pipelines/azure-pipelines.yml` builds it from there" + `, and the other Dockerfiles of this image under tags that "1.2" is not`},
		{"me/two-tags", ".", ""},
		{"me/any", ".", ""},
		{"ghcr.io/me/catalog-api", ".", `src/Catalog.API/Dockerfile 2 it is called "catalog-api" as the image is`},
		{"ghcr.io/me/orders", ".", `services/orders/src/Dockerfile 2 it is called "orders" as the image is`},
		{"ghcr.io/me/payment", ".", `docker/payment.Dockerfile 2 it is called "payment" as the image is`},
		{"ghcr.io/me/web", "deploy", ""},
		{"ghcr.io/me/web", "tools/web/chart", `tools/web/Dockerfile 2 it is called "web" as the image is`},
		{"nginx:1.29", ".", ""},
		{"missing", ".", ""},
		{"ghcr.io/me/unknown", ".", ""},
	}
	for _, tt := range tests {
		ref, err := base.ParseReference(tt.image)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if l, ok := m.Of(ref, tt.dir); ok {
			got = fmt.Sprintf("%s %d ", l.Dockerfile, l.Confidence)
			if l.Target != "" {
				got += "target " + l.Target + " "
			}
			if !l.IsZero() {
				got += fmt.Sprintf("line %d ", l.Line())
			}
			got += l.Because
		}
		if got != tt.want {
			t.Errorf("%s in %s:\n got %q\nwant %q", tt.image, tt.dir, got, tt.want)
		}
	}
}

func TestTag(t *testing.T) {
	t.Parallel()
	m := images(t, nil)
	for values, want := range map[string]string{
		"chart/values-small.yaml": "1.2-chiseled",
		"chart/values-test.yaml":  "test",
		"chart/values-two.yaml":   "1.2",
		"chart/values.yaml":       "1.2",
	} {
		if got := m.Tag("1.2", values); got != want {
			t.Errorf("with %s: got %q, want %q", values, got, want)
		}
	}
}

func TestOnly(t *testing.T) {
	t.Parallel()
	m := builds.New(source.Tree{FS: fstest.MapFS{}}, nil, []string{"Dockerfile"}, nil, nil)
	ref, _ := base.ParseReference("ghcr.io/me/web")
	if l, ok := m.Of(ref, "."); ok {
		t.Errorf("got %+v before it is known that there is no other image", l)
	}
	m.Only(ref.Repository)
	if l, ok := m.Of(ref, "."); !ok || l.Confidence != builds.Guessed {
		t.Errorf("got %+v, want a guess", l)
	}
}
