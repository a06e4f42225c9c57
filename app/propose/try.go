package propose

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// maxTried is how many images the reviewer is asked to build.
const maxTried = 5

// try is what the reviewer should try, as commands to copy.
func try(b *strings.Builder, p Proposal, tree source.Tree, plans []*fixes.Plan) {
	var script strings.Builder
	fmt.Fprintf(&script, "git fetch origin %s\ngit switch --detach FETCH_HEAD\n", quoted(p.Branch))
	built, unsure := 0, false
	for _, plan := range plans {
		before, after := finals(plan)
		if !plan.Applicable() || after == nil || p.Recipe == Fixes && sideOf(plan.File.Path(), plan.File.Text()) == (side{}) {
			continue
		}
		if built++; built > maxTried {
			break
		}
		dir, sure := contextOf(tree, plan.File.Path(), before)
		unsure = unsure || !sure
		tag := "try"
		if built > 1 {
			tag = fmt.Sprint("try-", built)
		}
		fmt.Fprintf(&script, "\ndocker build --tag %s --file %s %s\n", tag, quoted(plan.File.Path()), quoted(dir))
		if port := onePort(after); port != "" {
			fmt.Fprintf(&script, "docker run --rm --publish %s:%s %s    # then: curl -i http://localhost:%s/\n", port, port, tag, port)
		} else {
			fmt.Fprintf(&script, "docker run --rm --publish-all %s\n", tag)
		}
	}
	for i, dir := range charts(tree, p.Changes) {
		if i == 0 {
			script.WriteString("\n")
		}
		fmt.Fprintf(&script, "helm template try %s | kubectl apply --dry-run=server --filename -\n", quoted("./"+dir))
	}
	b.WriteString("\n### To try\n\n" + report.Block("sh", strings.TrimSuffix(script.String(), "\n")))
	if unsure {
		b.WriteString("\nPut the folder that you build from in place of the dot, if it is another.\n")
	}
	if built > 0 {
		b.WriteString("\nLook whether the application starts, answers on its port, and can write where it does.\n")
	}
}

// onePort is the port that an image exposes, empty where there are several or none.
func onePort(s *dockerfile.Stage) string {
	list := ports(s)
	if strings.ContainsAny(list, ",-") {
		return ""
	}
	return list
}

// contextOf is the folder that a Dockerfile is built from: the one in which there is most of
// what it copies. Unsure means that nothing tells.
func contextOf(tree source.Tree, name string, final *dockerfile.Stage) (dir string, sure bool) {
	if tree.FS == nil || final == nil {
		return ".", false
	}
	var copied []string
	for _, stage := range append(slices.Clone(final.Uses), final.Chain()...) {
		for _, s := range append(stage.Chain(), stage) {
			copied = append(copied, sources(s)...)
		}
	}
	slices.Sort(copied)
	copied = slices.Compact(copied)
	best := 0
	for candidate := path.Dir(name); ; candidate = path.Dir(candidate) {
		n := 0
		for _, from := range copied {
			if _, err := fs.Stat(tree.FS, path.Join(candidate, from)); err == nil {
				n++
			}
		}
		if n > best {
			dir, best = candidate, n
		}
		if candidate == "." {
			break
		}
	}
	if best == 0 {
		return ".", path.Dir(name) == "." && len(copied) == 0
	}
	return dir, best == len(copied)
}

// sources are the files of the context that a stage copies and that tell which context that
// is: no variables, no wildcards, not the whole of it.
func sources(s *dockerfile.Stage) []string {
	var list []string
	for _, i := range s.Instructions {
		if i.Keyword != "COPY" && i.Keyword != "ADD" || i.Flag("from") != nil || len(i.Words) < 2 {
			continue
		}
		for _, w := range i.Words[:len(i.Words)-1] {
			from := path.Clean(strings.TrimPrefix(w.Value, "/"))
			if from != "." && !strings.ContainsAny(w.Value, "*?[$<") && !strings.Contains(w.Value, ":") && !strings.HasPrefix(from, "..") {
				list = append(list, from)
			}
		}
	}
	return list
}

// charts are the folders of the charts that changes belong to.
func charts(tree source.Tree, changes []fixes.Change) []string {
	var dirs []string
	if tree.FS == nil {
		return nil
	}
	for _, c := range changes {
		for dir := path.Dir(c.Path); ; dir = path.Dir(dir) {
			if _, err := fs.Stat(tree.FS, path.Join(dir, "Chart.yaml")); err == nil {
				if !slices.Contains(dirs, dir) {
					dirs = append(dirs, dir)
				}
				break
			}
			if dir == "." {
				break
			}
		}
	}
	return dirs
}

// quoted is a word that a shell takes as it is.
func quoted(s string) string {
	plain := strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-") == ""
	switch {
	case strings.HasPrefix(s, "-"):
		s = "./" + s
		return quoted(s)
	case plain:
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
