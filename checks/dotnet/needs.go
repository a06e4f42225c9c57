package dotnet

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// maxProjects is how many projects one Dockerfile can reach.
const maxProjects = 200

// rank orders evidence by strength.
type rank int

const (
	bySetting rank = iota
	byEnvironment
	byImage
	byPackage
	bySource
)

// ranked is evidence and its strength: what it is, then how near the project it was found.
type ranked struct {
	Evidence
	rank     rank
	distance int
}

// finding is what is known of the needs of one application.
type finding struct {
	icu, timeZones base.Known
	evidence       []ranked
	distance       int // of the project that is being read
}

func (f *finding) add(r rank, about Need, says base.Known, at place, why string) {
	f.evidence = append(f.evidence, ranked{Evidence{File: at.file, Span: at.span, About: about, Says: says, Why: why, Referred: r == bySource && f.distance > 0}, r, f.distance})
}

// addPackage adds what is known of a package.
func (f *finding) addPackage(known fact, r reference) {
	f.add(byPackage, known.about, base.Yes, r.at, fmt.Sprintf(known.why, r.id))
	f.evidence[len(f.evidence)-1].Until = known.until
}

// says reports whether some evidence makes a need Yes.
func (f *finding) says(about Need) bool {
	return slices.ContainsFunc(f.evidence, func(e ranked) bool { return e.About == about && e.Says == base.Yes })
}

// find answers for one stage of a Dockerfile.
func (p *Projects) find(f *dockerfile.File, final *dockerfile.Stage) *Needs {
	image := readImage(f, final)
	roots := p.locate(f, final)
	n := &Needs{Found: len(roots) > 0, Projects: roots}
	var all []finding
	var frameworks []string
	for _, root := range roots {
		one, problems := p.application(root, image)
		all = append(all, one)
		n.Problems = append(n.Problems, problems...)
		frameworks = append(frameworks, p.project(root).frameworks()...)
		reached, _ := p.closure(root)
		for _, r := range reached {
			if dir := path.Dir(r.path); !slices.Contains(n.Folders, dir) {
				n.Folders = append(n.Folders, dir)
			}
		}
	}
	if len(roots) == 0 {
		all = append(all, image.alone())
	}

	n.ICU, n.TimeZones = base.No, base.No // one Yes is enough, and only all together make No
	var evidence []ranked
	for _, one := range all {
		n.ICU, n.TimeZones = or(n.ICU, one.icu), or(n.TimeZones, one.timeZones)
		evidence = append(evidence, one.evidence...)
	}
	evidence = slices.DeleteFunc(evidence, func(e ranked) bool {
		return e.About == ICU && e.Says != n.ICU || e.About == TimeZones && e.Says != n.TimeZones
	})
	slices.SortStableFunc(evidence, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.Says, a.Says), cmp.Compare(a.rank, b.rank), cmp.Compare(a.distance, b.distance), cmp.Compare(a.File.Path(), b.File.Path()),
			cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(a.About, b.About), cmp.Compare(a.Why, b.Why))
	})
	evidence = slices.CompactFunc(evidence, func(a, b ranked) bool { return a.Evidence == b.Evidence })
	named := map[string]bool{}
	for _, e := range evidence {
		if e.rank == byPackage {
			if named[e.Why] { // the nearest place is enough
				continue
			}
			named[e.Why] = true
		}
		if e.About == Native {
			n.Native = append(n.Native, e.Evidence)
		} else {
			n.Evidence = append(n.Evidence, e.Evidence)
		}
	}
	slices.Sort(frameworks)
	n.Frameworks = slices.Compact(frameworks)
	slices.Sort(n.Problems)
	n.Problems = slices.Compact(n.Problems)
	return n
}

// application answers for one project and what it refers to.
func (p *Projects) application(root string, image *image) (finding, []string) {
	reached, whole := p.closure(root)
	one := finding{}
	var problems []string
	for n, proj := range reached {
		one.distance = n
		problems = append(problems, proj.problems...)
		for _, r := range proj.packages {
			if fact, ok := factOf(r.id); ok {
				one.addPackage(fact, r)
			}
		}
		if problem := p.lock(path.Dir(proj.path), &one); problem != "" {
			problems = append(problems, problem)
		}
	}
	one.distance = 0
	one.evidence = append(one.evidence, image.evidence...)

	set, at, known := reached[0].invariant(image)
	switch {
	case set && known == base.Yes:
		one.icu = base.No
		one.add(bySetting, ICU, base.No, at, "the application is set to run without ICU")
	case set && known == base.No:
		one.icu = base.Yes
		one.add(bySetting, ICU, base.Yes, at, "the application is set to run with ICU, and does not start without it")
	case !set && image.invariant != base.Unknown:
		one.icu = image.icu()
	case one.says(ICU):
		one.icu = base.Yes
	}
	if one.says(TimeZones) {
		one.timeZones = base.Yes
	}

	if one.icu != base.Yes && one.timeZones != base.Yes {
		read := p.readSource(reached, &one)
		if one.icu == base.Unknown && one.says(ICU) {
			one.icu = base.Yes
		}
		switch {
		case one.says(TimeZones):
			one.timeZones = base.Yes
		case one.icu == base.No && whole && read:
			one.timeZones = base.No
			for _, e := range one.evidence {
				if e.About == ICU && e.Says == base.No {
					one.add(e.rank, TimeZones, base.No, place{e.File, e.Span}, "the application is set to run without ICU, and its source looks up no time zone")
					break
				}
			}
		}
	}
	return one, problems
}

// closure is a project and all that it refers to, the nearest first; false means that
// not everything could be followed.
func (p *Projects) closure(root string) ([]*project, bool) {
	queue, seen := []string{root}, map[string]bool{root: true}
	var reached []*project
	whole := true
	for len(queue) > 0 {
		proj := p.project(queue[0])
		queue = queue[1:]
		reached = append(reached, proj)
		whole = whole && proj.whole
		for _, to := range proj.projects {
			if seen[to] {
				continue
			}
			if len(seen) == maxProjects {
				return reached, false
			}
			seen[to] = true
			queue = append(queue, to)
		}
	}
	return reached, whole
}

// frameworks are the target frameworks of a project as far as they are known.
func (p *project) frameworks() []string {
	var all []string
	for _, name := range []string{"targetframework", "targetframeworks"} {
		if s := p.properties[name]; s.known {
			for f := range strings.SplitSeq(s.value, ";") {
				if f = strings.ToLower(strings.TrimSpace(f)); f != "" {
					all = append(all, f)
				}
			}
		}
	}
	return all
}

// invariant is what the project sets for InvariantGlobalization, whether it does at all,
// and where. What the command line of the build sets wins over the project. Where project
// and runtime configuration differ, which of them wins is the SDK's affair.
func (p *project) invariant(image *image) (set bool, at place, known base.Known) {
	if image.global.value != "" {
		return true, image.global.at, truth(image.global.value)
	}
	s, set := p.properties["invariantglobalization"]
	if set = set && (s.value != "" || !s.known); set && s.known {
		known = truth(s.value)
	}
	switch {
	case p.runtime == nil:
		return set, s.at, known
	case !set || known == truth(p.runtime.value):
		return true, p.runtime.at, truth(p.runtime.value)
	}
	return true, s.at, base.Unknown
}

func truth(s string) base.Known {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "1":
		return base.Yes
	case "false", "0":
		return base.No
	}
	return base.Unknown
}

// lockEntry is a package in a lock file, direct or brought by another.
var lockEntry = regexp.MustCompile(`"([A-Za-z][\w.-]*)"\s*:\s*\{`)

// lock reads the lock file of a folder: it names packages that others bring.
func (p *Projects) lock(dir string, to *finding) (problem string) {
	name := path.Join(dir, lockFile)
	if !p.known[name] {
		return ""
	}
	locked, err := p.locks.get(name, func() ([]reference, error) { return readLock(p.tree, name) })
	if err != nil {
		return fmt.Sprintf("`%s` could not be read: %v.", name, err)
	}
	for _, r := range locked {
		fact, _ := factOf(r.id)
		to.addPackage(fact, r)
	}
	return ""
}

func readLock(tree source.Tree, name string) ([]reference, error) {
	file, err := tree.Read(name)
	if err != nil {
		return nil, cause(err, name)
	}
	if !json.Valid([]byte(strings.TrimPrefix(file.Text(), bom))) {
		return nil, errors.New("not valid JSON")
	}
	var found []reference
	seen := map[string]bool{}
	for _, m := range lockEntry.FindAllStringSubmatchIndex(file.Text(), -1) {
		id := file.Text()[m[2]:m[3]]
		if _, ok := factOf(id); ok && !seen[strings.ToLower(id)] {
			seen[strings.ToLower(id)] = true
			found = append(found, reference{id, place{file, source.Span{Start: m[2] - 1, End: m[3] + 1}}})
		}
	}
	return found, nil
}
