package dotnet

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

// Bounds on following one Dockerfile.
const (
	maxStages   = 100
	maxMounts   = 1000
	maxPatterns = 50
	maxCommands = 200
	maxContexts = 20
	maxRoots    = 50
)

// locate finds the projects whose program is in the final image, sorted.
func (p *Projects) locate(f *dockerfile.File, final *dockerfile.Stage) []string {
	if final == nil || len(p.projects) == 0 {
		return nil
	}
	entry, globals := program(final), globalArguments(f)
	var best []trace
	builds := false
	try := func(context string) {
		t := trace{projects: p, context: context, globals: globals, targets: map[string][]string{}, visited: map[*dockerfile.Stage]state{}}
		t.follow(final)
		t.choose(entry)
		builds = builds || t.commands > 0
		switch {
		case t.score == 0 || len(best) > 0 && t.score < best[0].score:
		case len(best) > 0 && t.score == best[0].score:
			best = append(best, t)
		default:
			best = []trace{t}
		}
	}
	dir := path.Dir(f.Path())
	for range maxContexts {
		try(dir)
		if dir == "." {
			break
		}
		dir = path.Dir(dir)
	}
	if len(best) > 0 {
		best = best[:1] // of contexts that explain as much, the nearest
	} else {
		for _, context := range p.elsewhere(final) {
			try(context)
		}
	}

	var roots []string
	for _, t := range best {
		roots = append(roots, t.roots...)
	}
	if len(roots) == 0 && !builds { // a build that names what is not there is of something else
		roots = p.only(path.Dir(f.Path()))
	}
	slices.Sort(roots)
	roots = slices.Compact(roots)
	if len(roots) > maxRoots { // nobody puts so many programs into one image
		return nil
	}
	return roots
}

// only is the one project in a folder, or below it, nil when there are none or several.
func (p *Projects) only(dir string) []string {
	if here := p.inFolder[dir]; len(here) > 0 {
		if len(here) == 1 {
			return slices.Clone(here)
		}
		return nil
	}
	if all := below(p.projects, dir); len(all) == 1 {
		return slices.Clone(all)
	}
	return nil
}

// program is the name of the assembly that the image starts, empty where it is not known.
func program(final *dockerfile.Stage) string {
	st := final.State()
	for _, s := range []dockerfile.Setting[dockerfile.Command]{st.Entrypoint, st.Cmd} {
		if !s.Known || s.Origin == nil {
			continue
		}
		var words []string
		all, _ := s.Origin.Commands()
		for _, c := range all {
			words = append(words, variables{}.words(c)...)
		}
		for _, w := range words {
			if name, ok := strings.CutSuffix(path.Base(w), ".dll"); ok {
				return name
			}
		}
		if len(words) > 0 && words[0] != "" && path.Base(words[0]) != "dotnet" {
			return path.Base(words[0])
		}
	}
	return ""
}

// elsewhere are folders other than the Dockerfile's parents that can be the context: a
// path of a project that COPY names exists below them.
func (p *Projects) elsewhere(final *dockerfile.Stage) []string {
	found := map[string]bool{}
	for _, stage := range built(final) {
		for _, i := range stage.Instructions {
			if i.Keyword != "COPY" || i.Flag("from") != nil {
				continue
			}
			for _, w := range i.Words[:max(0, len(i.Words)-1)] {
				name := clean(w.Value)
				for _, known := range p.byBase[path.Base(name)] {
					if context, ok := strings.CutSuffix(known, "/"+name); ok && len(found) < maxContexts {
						found[context] = true
					}
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// A trace follows the files of one context through the build.
type trace struct {
	projects *Projects
	context  string
	globals  variables
	// named are the projects that COPY names, targets those that a verb of dotnet does.
	named   []string
	targets map[string][]string
	visited map[*dockerfile.Stage]state
	// score is how many of the paths in the Dockerfile exist.
	score int
	roots []string
	// patterns and commands are how many have been followed.
	patterns, commands int
}

// state is what a stage has at its end.
type state struct {
	vars   variables
	mounts []mount
}

// mount says that a path in the container is one of the context.
type mount struct{ to, from string }

// follow follows the stages that end up in the final image.
func (t *trace) follow(final *dockerfile.Stage) {
	stages := built(final)
	for _, s := range stages[:min(len(stages), maxStages)] {
		t.stage(s)
	}
}

// globalArguments are the defaults of the ARGs before the first FROM. A stage sees those
// that it declares again.
func globalArguments(f *dockerfile.File) variables {
	globals := variables{}
	for _, i := range f.Instructions {
		if i.Stage != nil {
			break
		}
		for _, pair := range i.Pairs {
			if pair.HasValue {
				globals.set(pair.Name.Value, strings.Trim(pair.Value.Value, `"'`))
			}
		}
	}
	return globals
}

// choose decides which of the projects that were met are the ones.
func (t *trace) choose(entry string) {
	t.score += len(t.named)
	for _, verb := range verbs {
		found := t.targets[verb]
		if len(found) == 0 || verb == "restore" {
			continue
		}
		t.score += len(found)
		if one := t.assembled(found, entry); len(one) == 1 {
			found = one
		}
		t.roots = found
		return
	}
	if one := t.assembled(t.named, entry); len(one) == 1 {
		t.roots = one
	} else if one := t.byName(entry); len(one) == 1 {
		t.score++
		t.roots = one
	} else if restored := t.targets["restore"]; len(restored) > 0 {
		t.score += len(restored)
		t.roots = restored
	} else {
		t.roots = t.named
	}
}

// assembled are those projects that build an assembly of that name.
func (t *trace) assembled(among []string, name string) []string {
	var found []string
	for _, p := range among {
		if name != "" && t.projects.project(p).name() == name {
			found = append(found, p)
		}
	}
	return found
}

// byName are the projects of the context whose file is named after the assembly.
func (t *trace) byName(name string) []string {
	var found []string
	for _, ext := range []string{".csproj", ".fsproj", ".vbproj"} {
		for _, p := range t.projects.byBase[name+ext] {
			if t.context == "." || strings.HasPrefix(p, t.context+"/") {
				found = append(found, p)
			}
		}
	}
	return found
}

// stage follows one stage. Its parent comes before it in the file, so it was followed.
func (t *trace) stage(s *dockerfile.Stage) {
	from := t.visited[s.Parent]
	st := state{vars: maps.Clone(from.vars), mounts: slices.Clone(from.mounts)}
	if st.vars == nil {
		st.vars = variables{}
	}
	for _, i := range s.Instructions {
		switch i.Keyword {
		case "ARG", "ENV":
			for _, pair := range i.Pairs {
				if pair.HasValue {
					st.vars.set(pair.Name.Value, strings.Trim(pair.Value.Value, `"'`))
				} else if value, ok := t.globals[pair.Name.Value]; ok {
					st.vars.set(pair.Name.Value, value)
				}
			}
		case "COPY", "ADD":
			t.copy(i, &st)
		case "RUN":
			t.run(i, &st)
		}
	}
	t.visited[s] = st
}

// copy notes where files of the context come to lie.
func (t *trace) copy(i *dockerfile.Instruction, st *state) {
	if i.Flag("from") != nil || len(i.Words) < 2 {
		return
	}
	last := len(i.Words) - 1
	written := st.vars.expand(i.Words[last].Value)
	to := inContainer(workdir(i), written)
	folder := strings.HasSuffix(written, "/") || last > 1 || to == workdir(i)
	for _, w := range i.Words[:last] {
		from := clean(st.vars.expand(w.Value))
		if from == ".." || strings.HasPrefix(from, "../") || len(st.mounts) >= maxMounts {
			continue
		}
		for _, match := range t.matches(from) {
			m := mount{to: to, from: match}
			switch {
			case i.Flag("parents") != nil:
				m.to = path.Join(to, match)
			case isProject(match) && folder:
				m.to = path.Join(to, path.Base(match))
			}
			st.mounts = append(st.mounts, m)
			if name := path.Join(t.context, match); t.projects.known[name] && isProject(name) && !slices.Contains(t.named, name) && len(t.named) < maxProjects {
				t.named = append(t.named, name)
			}
		}
	}
}

// matches are the paths of the context that a source of COPY names: projects for a
// pattern, itself otherwise.
func (t *trace) matches(from string) []string {
	if !strings.ContainsAny(from, "*?[") {
		return []string{from}
	}
	if t.patterns++; t.patterns > maxPatterns {
		return nil
	}
	head, tail, deep := strings.Cut(from, "**/")
	among := below(t.projects.projects, t.context)
	if folder := path.Dir(from); !strings.ContainsAny(folder, "*?[") {
		among = t.projects.inFolder[path.Join(t.context, folder)]
	}
	var found []string
	for _, p := range among {
		name := p
		if t.context != "." {
			name = strings.TrimPrefix(p, t.context+"/")
		}
		ok, _ := path.Match(from, name)
		if deep {
			ok, _ = path.Match(tail, path.Base(name))
			ok = ok && strings.HasPrefix(name, head)
		}
		if ok && len(found) < maxProjects {
			found = append(found, name)
		}
	}
	return found
}

// run follows the commands of a RUN.
func (t *trace) run(i *dockerfile.Instruction, st *state) {
	at := workdir(i)
	all, _ := i.Commands()
	for _, c := range all {
		words := st.vars.words(c)
		if c.Name == "cd" && len(words) > 1 {
			at = inContainer(at, words[1])
			continue
		}
		verb, target := dotnetCommand(words)
		if verb == "" {
			continue
		}
		if t.commands++; t.commands > maxCommands {
			return
		}
		if found := t.resolve(inContainer(at, target), st.mounts); found != "" && !slices.Contains(t.targets[verb], found) {
			t.targets[verb] = append(t.targets[verb], found)
		}
	}
}

// resolve is the project at a path of the container, or the only one in a folder there.
func (t *trace) resolve(name string, mounts []mount) string {
	for _, m := range slices.Backward(mounts) {
		var from string
		if name == m.to {
			from = path.Join(t.context, m.from)
		} else if rest, ok := strings.CutPrefix(name, strings.TrimSuffix(m.to, "/")+"/"); ok {
			from = path.Join(t.context, m.from, rest)
		} else {
			continue
		}
		if t.projects.known[from] && isProject(from) {
			return from
		}
		if here := t.projects.inFolder[from]; len(here) == 1 {
			return here[0]
		}
	}
	return ""
}

// workdir is the folder in which an instruction runs.
func workdir(i *dockerfile.Instruction) string {
	dir := strings.ReplaceAll(i.Before().Workdir.Value, `\`, "/")
	return path.Join("/", dir)
}

// inContainer is a path of the container, from a folder unless it is absolute.
func inContainer(dir, name string) string {
	name = strings.ReplaceAll(name, `\`, "/")
	if strings.HasPrefix(name, "/") {
		return path.Clean(name)
	}
	return path.Join(dir, name)
}

// clean is a path of the context.
func clean(name string) string {
	return path.Join(".", strings.TrimLeft(strings.ReplaceAll(name, `\`, "/"), "/"))
}
