package chiseled

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// runs takes every RUN out of the stages that have no shell any more: what it makes is
// made in an earlier stage and copied, what it installs is found another way, and what
// has no use there goes.
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/distroless.md
func (m *migration) runs() {
	m.made = map[string]bool{}
	for _, s := range m.stages {
		for _, i := range s.Instructions {
			switch {
			case i.Keyword == "RUN":
				m.run(s, i)
			case i.Keyword == "SHELL":
				m.step(i.Span, "Leave out `SHELL`", "There is no shell for it to name.", m.remove(i))
			case i.Trigger != nil && i.Trigger.Keyword == "RUN":
				m.person(m.at(i.Span), "`ONBUILD RUN` runs in images that build on this one, and there is no shell for it.", "Move it into the Dockerfiles that build on this image.")
			}
		}
	}
}

// A job is one RUN taken apart.
type job struct {
	*migration
	stage *dockerfile.Stage
	run   *dockerfile.Instruction
	dir   dockerfile.Setting[string]

	folders []string // that mkdir makes
	owned   []owned
	modes   []mode
	install []dockerfile.ShellWord
	because []string
	certs   bool
	drops   []string // what is left out and why, as a clause each
	zone    string   // the time zone that files say
}

// run takes one RUN apart and puts something in its place.
func (m *migration) run(s *dockerfile.Stage, i *dockerfile.Instruction) {
	commands, ok := i.Script()
	if i.Exec && !ok {
		m.execRun(i)
		return
	}
	for _, f := range i.Flags {
		if f.Name == "mount" && !strings.Contains(f.Value, "type=cache") && !strings.Contains(f.Value, "type=tmpfs") && !strings.Contains(f.Value, "type=secret") {
			m.stuck(i, f.Span, "takes files from a mount")
			return
		}
	}
	if !ok {
		at, does := i.Tangle()
		m.stuck(i, at, "is a script that "+does)
		return
	}
	j := &job{migration: m, stage: s, run: i, dir: i.Before().Workdir}
	reasons := len(m.plan.Reasons)
	for _, c := range commands {
		if !j.take(c) && len(m.plan.Reasons) == reasons {
			m.stuck(i, c.Span, fmt.Sprintf("calls %s, and what that makes in the image is not known", checks.Code(c.Name)))
		}
	}
	if len(m.plan.Reasons) == reasons {
		j.finish()
		return
	}
	for _, w := range j.install { // which no change to the rest would mend
		if name := packageName(w.Value); kindOf(name, m.target(s.Root())) == program {
			j.program(w, name)
		}
	}
}

// execRun looks at a RUN without a shell, which may stay where the program is there.
func (m *migration) execRun(i *dockerfile.Instruction) {
	if len(i.Words) > 0 && path.Base(i.Words[0].Value) == "dotnet" {
		return
	}
	m.stuck(i, i.ArgsSpan, "calls a program that the image may not have")
}

// stuck says that a RUN cannot be taken apart.
func (m *migration) stuck(i *dockerfile.Instruction, at source.Span, why string) {
	help := "Run it in an earlier stage and take what it makes with `COPY --from`."
	commands, _ := i.Commands()
	if slices.ContainsFunc(commands, func(c dockerfile.ShellCommand) bool { return isManager(path.Base(c.Name)) }) {
		help = "Run it in an earlier stage and take what the application loads of it with `COPY --from`. What it installs for people can go."
	}
	m.person(m.at(at), fmt.Sprintf("`%s` needs a shell, which the chiseled image does not have, and it %s.", m.File.Slice(i.KeywordSpan), why), help)
}

// finish puts something in the place of the RUN.
func (j *job) finish() {
	packages := j.packages()
	if packages.stuck {
		return
	}
	var lines []string
	shop, step := (*workshop)(nil), len(j.plan.Steps)
	get := func() *workshop {
		if shop == nil {
			shop = j.shop(j.stage)
		}
		return shop
	}

	edits := []source.Edit(nil)
	made := []string{}
	for _, p := range j.tops() {
		owner := ""
		if j.wasRoot() || slices.ContainsFunc(j.owned, func(o owned) bool { return o.covers(p) && !base.IsRoot(o.user()) }) || slices.ContainsFunc(j.modes, func(m mode) bool { return m.path == p && m.open() }) {
			owner = j.owner
		}
		w := get()
		for _, f := range j.folders {
			if f == p || below(f, p) {
				w.do(step, "mkdir -p "+j.rootfs()+f)
				j.made[f] = true
			}
		}
		for _, mo := range j.modes {
			if (mo.path == p || below(mo.path, p)) && !mo.open() {
				w.do(step, "chmod "+mo.mode+" "+j.rootfs()+mo.path)
			}
		}
		line, behind := j.bring(w, owner, p, j.run)
		switch {
		case behind != nil:
			j.insertAfter(step, behind, line)
		case !slices.Contains(lines, line):
			lines = append(lines, line)
		}
		j.made[p] = true
		made = append(made, p)
	}
	if len(made) > 0 {
		j.because = append(j.because, fmt.Sprintf("The stage %s makes %s, and `COPY` takes it from there.", checks.Code(get().name), checks.Codes(made)))
	}
	for _, o := range j.owned {
		if j.makesAt(o.path) || base.IsRoot(o.user()) {
			continue
		}
		reasons := len(j.plan.Reasons)
		own, ok := j.give(o)
		if !ok && len(j.plan.Reasons) > reasons {
			return
		}
		if !ok {
			j.stuck(j.run, o.at, fmt.Sprintf("gives %s to an account, and what is in it is not known", checks.Code(o.path)))
			return
		}
		edits = append(edits, own...)
	}
	for _, mo := range j.modes {
		if j.makesAt(mo.path) {
			continue
		}
		own, ok := j.permit(step, mo)
		if !ok {
			j.stuck(j.run, mo.at, fmt.Sprintf("changes the mode of %s, and where that comes from is not known", checks.Code(mo.path)))
			return
		}
		edits = append(edits, own...)
	}
	if j.certs {
		own, copied := j.certificates(step)
		edits = append(edits, own...)
		lines = append(lines, copied)
	}
	if j.zone != "" {
		lines = append(lines, j.keyword("ENV")+" TZ="+j.zone)
		j.because = append(j.because, "`TZ` gives the application its time zone, "+checks.Code(j.zone)+".")
	}
	lines = append(lines, packages.lines(j, step)...)
	j.because = append(j.because, packages.because...)
	for _, why := range j.drops {
		j.because = append(j.because, capital(why)+".")
	}

	title := "Take " + checks.Code(shortened(j.run.Logical.Text)) + " out of the image"
	if len(lines) == 0 {
		edits = append(edits, j.remove(j.run))
	} else {
		edits = append(edits, j.edit(source.Span{Start: j.run.Span.Start, End: j.end(j.run)}, strings.Join(lines, j.lineBreak()+j.indent(j.run))))
	}
	if len(j.because) == 0 {
		j.because = []string{"Nothing of what it does is needed there."}
	}
	j.step(j.run.Span, title, strings.Join(j.because, "\n"), edits...)
}

// tops are the folders to copy: those that are made, or the one above that is given to
// somebody with all that is in it and holds nothing else.
func (j *job) tops() []string {
	var tops []string
	for _, p := range j.folders {
		for _, o := range j.owned {
			if o.recursive && below(p, o.path) && len(o.path) < len(p) && j.makesAt(o.path) {
				p = o.path
			}
		}
		if !slices.ContainsFunc(tops, func(t string) bool { return t == p || below(p, t) }) {
			tops = slices.DeleteFunc(tops, func(t string) bool { return below(t, p) })
			tops = append(tops, p)
		}
	}
	return tops
}

// systemFolders are those that every Linux image has.
var systemFolders = []string{"/bin", "/etc", "/home", "/lib", "/mnt", "/opt", "/root", "/run", "/sbin", "/srv", "/tmp", "/usr", "/usr/local", "/usr/share", "/var", "/var/cache", "/var/lib", "/var/log", "/var/run", "/var/tmp"}

// makesAt reports whether the RUN makes a folder at a path, itself or for one below it.
func (j *job) makesAt(p string) bool {
	if slices.Contains(j.folders, p) {
		return true
	}
	if slices.Contains(systemFolders, p) || slices.ContainsFunc(deliveries(j.run), func(d delivery) bool { return d.to == p || below(d.to, p) }) {
		return false
	}
	return slices.ContainsFunc(j.folders, func(f string) bool { return below(f, p) })
}

// shortened is the beginning of an instruction, with its white space as one.
func shortened(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 60 {
		text = strings.ToValidUTF8(text[:60], "") + "…"
	}
	return text
}

// end is where an instruction ends, without the line break behind a here-document.
func (m *migration) end(i *dockerfile.Instruction) int {
	end := i.Span.End
	for end > i.Span.Start && (m.File.Text()[end-1] == '\n' || m.File.Text()[end-1] == '\r') {
		end--
	}
	return end
}

func below(p, dir string) bool { return strings.HasPrefix(p, strings.TrimSuffix(dir, "/")+"/") }
