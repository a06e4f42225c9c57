package builds

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// maxStatements bounds what is read of one file.
const maxStatements = 500

// relative is a path that may lead out of its folder with .., as long as it stays in the
// tree; false when it does not.
func relative(dir, name string) (string, bool) {
	if path.IsAbs(name) || strings.Contains(name, "://") {
		return "", false
	}
	joined := path.Join(dir, name)
	return joined, joined != ".." && !strings.HasPrefix(joined, "../")
}

// compose reads the services that are built and have an image's name.
// https://docs.docker.com/reference/compose-file/build/
func compose(file *source.File) []statement {
	var all []statement
	dir := path.Dir(file.Path())
	for _, root := range roots(file) {
		services := root.Get("services")
		if services == nil || services.Kind != kube.Mapping {
			continue
		}
		for _, s := range services.Items {
			image, build := s.Get("image"), s.Get("build")
			if build == nil {
				continue
			}
			context, dockerfile := build.Text(), "Dockerfile"
			if build.Kind == kube.Mapping {
				context = build.Text("context")
				if d := build.Text("dockerfile"); d != "" {
					dockerfile = d
				}
			}
			if from, ok := relative(dir, context); ok {
				s := state(file, cmp.Or(image, build), from, dockerfile, build.Text("target"))
				s.image, s.platforms = image.Text(), platforms(listed(build.Get("platforms"))...)
				all = append(all, s)
			}
		}
	}
	return all
}

// skaffold reads the artifacts. https://skaffold.dev/docs/references/yaml/
func skaffold(file *source.File) []statement {
	var all []statement
	dir := path.Dir(file.Path())
	for _, root := range roots(file) {
		for _, a := range root.List("build", "artifacts") {
			image := a.Get("image")
			if image == nil {
				continue
			}
			dockerfile := "Dockerfile"
			docker := a.Get("docker")
			if docker == nil {
				docker = a.Get("kaniko")
			}
			if d := docker.Text("dockerfile"); d != "" {
				dockerfile = d
			}
			if from, ok := relative(dir, a.Text("context")); ok {
				s := state(file, image, from, dockerfile, docker.Text("target"))
				s.platforms = platforms(listed(cmp.Or(a.Get("platforms"), root.Get("build", "platforms")))...)
				all = append(all, s)
			}
		}
	}
	return all
}

// workflow reads the steps that use docker/build-push-action, with the environment that
// the workflow and the job set. https://github.com/docker/build-push-action#inputs
func workflow(file *source.File) []statement {
	var all []statement
	for _, root := range roots(file) {
		jobs := root.Get("jobs")
		if jobs == nil || jobs.Kind != kube.Mapping {
			continue
		}
		for _, job := range jobs.Items {
			env := environment{root.Get("env"), job.Get("env")}
			for _, step := range job.List("steps") {
				if !strings.HasPrefix(step.Text("uses"), "docker/build-push-action@") {
					continue
				}
				with := step.Get("with")
				tags := with.Get("tags")
				context, dockerfile := env.fill(with.Text("context")), env.fill(with.Text("file"))
				if dockerfile == "" {
					dockerfile = path.Join(context, "Dockerfile")
				}
				name, ok := relative(".", dockerfile)
				if !ok {
					continue
				}
				s := state(file, cmp.Or(with.Get("platforms"), with, step), ".", name, with.Text("target"))
				s.image, s.platforms = "", platforms(inMatrix(job, env.fill(with.Text("platforms")))...)
				all = append(all, s)
				for _, tag := range strings.FieldsFunc(tags.Text(), func(r rune) bool { return r == '\n' || r == ',' }) {
					s := state(file, tags, ".", name, with.Text("target"))
					s.image = env.fill(strings.TrimSpace(tag))
					all = append(all, s)
				}
			}
		}
	}
	return all
}

// pipeline reads the tasks of Azure Pipelines that build images. The registry is named by
// a connection, which is not in the repository.
// https://learn.microsoft.com/azure/devops/pipelines/tasks/reference/docker-v2
func pipeline(file *source.File) []statement {
	var all []statement
	var visit func(n *kube.Node)
	visit = func(n *kube.Node) {
		inputs := n.Get("inputs")
		if repository := inputs.Get("repository"); repository != nil && strings.HasPrefix(n.Text("task"), "Docker@") {
			dockerfile := inputs.Text("Dockerfile")
			if dockerfile == "" || strings.HasPrefix(dockerfile, "**/") {
				return // the first that is found, whichever that is
			}
			dockerfile = strings.TrimLeft(strings.TrimPrefix(dockerfile, "$(Build.SourcesDirectory)"), "/")
			tags := inputs.Text("tags")
			if tags == "" {
				tags = "$(Build.BuildId)"
			}
			for tag := range strings.FieldsFuncSeq(tags, func(r rune) bool { return r == '\n' || r == ',' }) {
				for _, dir := range []string{".", path.Dir(file.Path())} {
					s := state(file, repository, dir, dockerfile, "")
					s.image = "$(registry)/" + repository.Text() + ":" + strings.TrimSpace(tag)
					all = append(all, s)
				}
			}
			return
		}
		for _, item := range n.Items {
			visit(item)
		}
	}
	for _, root := range roots(file) {
		visit(root)
	}
	return all
}

// An environment is the env mappings that a step sees, the outermost first.
type environment []*kube.Node

var envVariable = regexp.MustCompile(`\$\{\{\s*env\.(\w+)\s*\}\}`)

// fill puts in the values of variables that are plain text.
func (e environment) fill(text string) string {
	return envVariable.ReplaceAllStringFunc(text, func(v string) string {
		name := envVariable.FindStringSubmatch(v)[1]
		for _, outer := range slices.Backward(e) {
			if value := outer.Text(name); value != "" {
				return value
			}
		}
		return v
	})
}

var buildCommand = regexp.MustCompile(`\b(?:docker|podman|nerdctl|buildah)\s+(?:image\s+)?(?:buildx\s+)?(?:build|bud)\b([^\n;&|]*)`)

// commands reads the calls of docker build in a script, a makefile or a workflow.
func commands(file *source.File) []statement {
	var all []statement
	text := strings.NewReplacer("\\\r\n", "   ", "\\\n", "  ").Replace(file.Text())
	for _, m := range buildCommand.FindAllStringSubmatchIndex(text, maxStatements) {
		var tags, built []string
		var dockerfile, target, context string
		words := strings.Fields(variable.ReplaceAllStringFunc(text[m[2]:m[3]], func(v string) string { return strings.ReplaceAll(v, " ", "") }))
		for i := 0; i < len(words); i++ {
			flag, value, joined := strings.Cut(words[i], "=")
			if !strings.HasPrefix(flag, "-") {
				context = strings.Trim(words[i], `"'`)
				continue
			}
			takes := false
			switch flag {
			case "-t", "--tag", "-f", "--file", "--target", "--build-arg", "--platform", "--label", "--cache-from", "--cache-to", "--secret", "--output", "-o", "--progress", "--network", "--builder", "--iidfile", "--ssh":
				takes = true
			}
			if takes && !joined && i+1 < len(words) {
				i++
				value = words[i]
			}
			value = strings.Trim(value, `"'`)
			switch flag {
			case "-t", "--tag":
				tags = append(tags, value)
			case "-f", "--file":
				dockerfile = value
			case "--target":
				target = value
			case "--platform":
				built = append(built, value)
			}
		}
		if len(tags) == 0 {
			tags = []string{""}
		}
		built = platforms(built...)
		if dockerfile == "" {
			dockerfile = path.Join(context, "Dockerfile")
		}
		before := text[:m[0]]
		if path.Ext(file.Path()) != ".sh" { // each line, or each step, begins anew
			before = before[strings.LastIndexByte(before, '\n')+1:]
		}
		// Most scripts are called from the root of the repository, some from their folder.
		for _, dir := range []string{".", path.Dir(file.Path())} {
			name, ok := relative(entered(dir, before), dockerfile)
			if !ok || strings.Contains(name, "$") {
				continue
			}
			for _, tag := range tags {
				line := file.LineSpan(file.LineAt(m[0]))
				all = append(all, statement{image: tag, link: stated(file, line, name, target), platforms: built})
			}
			if dir == path.Dir(file.Path()) {
				break
			}
		}
	}
	return all
}

// changeFolder is a line that goes to another folder by a plain name.
var changeFolder = regexp.MustCompile(`(?m)^[ \t]*(?:cd|pushd)[ \t]+["']?([\w./-]+)["']?[ \t]*(?:&&.*)?\r?$`)

// entered is the folder to which a script has gone from one, as far as its lines say.
func entered(dir, script string) string {
	for _, m := range changeFolder.FindAllStringSubmatch(script, maxStatements) {
		if to := path.Join(dir, m[1]); !path.IsAbs(m[1]) && to != ".." && !strings.HasPrefix(to, "../") {
			dir = to
		}
	}
	return dir
}

func roots(file *source.File) []*kube.Node {
	found, _ := kube.Roots(file) // what is not YAML states nothing
	return found
}

func state(file *source.File, image *kube.Node, context, dockerfile, target string) statement {
	name, _ := relative(context, dockerfile)
	return statement{image: image.Text(), link: stated(file, image.Span, name, target)}
}

func stated(file *source.File, at source.Span, dockerfile, target string) Link {
	return Link{
		Dockerfile: dockerfile, Target: target, Confidence: Stated,
		Because: fmt.Sprintf("`%s` builds it from there", file.Path()),
		Place:   kube.Place{File: file, Span: at},
	}
}
