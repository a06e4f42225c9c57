package builds

import (
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/kube"
)

// A Platform is one that an image is built for, and where that is stated.
type Platform struct {
	// Name is as linux/arm64.
	Name string
	kube.Place
}

// Platforms are those that images of a Dockerfile are built for, each once, where files say
// so. None means that nothing says so: it is what the machine is that builds. The slice is
// shared: it must not be changed.
func (m *Images) Platforms(dockerfile string) []Platform { return m.platforms[dockerfile] }

// builtFor takes in the platforms of a statement.
func (m *Images) builtFor(s statement) {
	for _, name := range s.platforms {
		all := m.platforms[s.link.Dockerfile]
		if !slices.ContainsFunc(all, func(p Platform) bool { return p.Name == name }) {
			m.platforms[s.link.Dockerfile] = append(all, Platform{name, s.link.Place})
		}
	}
}

// platformName is a platform with the parts that may be left out.
var platformName = regexp.MustCompile(`^(?:(linux|windows|freebsd)/)?(amd64|386|arm64|arm|ppc64le|s390x|riscv64|loong64)(/v[0-9])?$`)

// PlatformOf is the normal form of a platform, as linux/arm64 of linux/arm64/v8; empty for
// what is none.
func PlatformOf(written string) string {
	if names := platforms(written); len(names) == 1 {
		return names[0]
	}
	return ""
}

// platforms are those in texts, in their normal form, each once; what is not written out is
// left out.
// https://github.com/containerd/platforms/blob/main/platforms.go
func platforms(texts ...string) []string {
	var names []string
	for _, text := range texts {
		for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n,\"'", r) }) {
			p := platformName.FindStringSubmatch(strings.ToLower(word))
			if p == nil {
				continue
			}
			system, variant := p[1], p[3]
			if system == "" {
				system = "linux"
			}
			if p[2] == "arm64" && variant == "/v8" || p[2] == "amd64" && variant == "/v1" || p[2] == "arm" && variant == "/v7" {
				variant = "" // which is meant without it
			}
			if name := system + "/" + p[2] + variant; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// listed are the texts of a list, or the one text that stands in its place.
func listed(n *kube.Node) []string {
	if n == nil {
		return nil
	}
	texts := []string{n.Text()}
	for _, item := range n.List() {
		texts = append(texts, item.Text())
	}
	return texts
}

var matrixVariable = regexp.MustCompile(`\$\{\{\s*matrix\.([\w-]+(?:\.[\w-]+)*)\s*\}\}`)

// maxValues is how many values of a job's matrix are looked at for one text.
const maxValues = 100

// inMatrix is a text and all that the variables of a job's matrix in it can be.
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstrategymatrix
func inMatrix(job *kube.Node, text string) []string {
	texts := []string{text}
	for _, m := range matrixVariable.FindAllStringSubmatch(text, maxValues) {
		path := strings.Split(m[1], ".")
		texts = append(texts, job.Text("strategy", "matrix", path[0]))
		for _, item := range job.List("strategy", "matrix", path[0]) {
			texts = append(texts, item.Text(), item.Text(path[1:]...))
			if len(texts) > maxValues {
				return texts
			}
		}
		for _, item := range job.List("strategy", "matrix", "include") {
			texts = append(texts, item.Text(path...))
			if len(texts) > maxValues {
				return texts
			}
		}
	}
	return texts
}
