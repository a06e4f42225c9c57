package chiseled

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A workshop is a stage in which is made what the image, without a shell, cannot make
// itself: one of the file that has a shell and is root, or a new one.
type workshop struct {
	// stage is nil for a new one.
	stage *dockerfile.Stage
	name  string
	// setup are instructions before commands, which are those of one RUN.
	setup, commands []string
	// before is the stage in front of which a new one stands, image what it starts from.
	before *dockerfile.Stage
	image  string
	step   int
}

// root is where a workshop lays out files as they are to lie in the image. It is a folder
// of its own, so that nothing that the stage has besides gets into the image.
func (m *migration) rootfs() string {
	if strings.Contains(m.File.Text(), "/rootfs") {
		return "/chiselbot-rootfs"
	}
	return "/rootfs"
}

// shop is the workshop for a runtime stage: a stage before it from which some image takes
// files anyway, the last such one, or else a new stage in front of all images.
func (m *migration) shop(s *dockerfile.Stage) *workshop {
	for _, earlier := range slices.Backward(m.File.Stages[:s.Index]) {
		if !m.usable(earlier) {
			continue
		}
		for _, w := range m.shops {
			if w.stage == earlier {
				return w
			}
		}
		w := &workshop{stage: earlier, name: earlier.Name, step: -1}
		m.shops = append(m.shops, w)
		return w
	}
	return m.freshShop()
}

// usable reports whether a stage can make things for the images.
func (m *migration) usable(s *dockerfile.Stage) bool {
	user := s.State().User
	if s.Name == "" || slices.Contains(m.stages, s) || s.State().HasShell != base.Yes || !user.Known || !base.IsRoot(user.Value) || s.Base() == nil || s.Base().DotNet != nil && s.Base().DotNet.Windows {
		return false
	}
	return slices.ContainsFunc(m.stages, func(r *dockerfile.Stage) bool { return slices.Contains(r.Uses, s) })
}

// freshShop is the new stage, from the image that has all that the chiseled one has and a
// shell besides: the same Ubuntu release by construction.
func (m *migration) freshShop() *workshop {
	if m.fresh != nil {
		return m.fresh
	}
	name := "prep"
	for n := 2; m.File.Stage(name) != nil; n++ {
		name = fmt.Sprintf("prep%d", n)
	}
	first := m.images[0].root
	for _, i := range m.images {
		if i.root.Index < first.Index {
			first = i.root
		}
	}
	to := m.images[0].to
	full := base.DotNet{Product: "runtime-deps", Version: to.Version, Preview: to.Preview, Distro: to.Distro, Named: true, Mirror: to.Mirror}
	m.fresh = &workshop{name: name, before: first, image: full.Reference().String(), step: -1}
	m.shops = append(m.shops, m.fresh)
	return m.fresh
}

// do adds a command to the workshop's RUN, once.
func (w *workshop) do(step int, command string) {
	w.take(step)
	if !slices.Contains(w.commands, command) {
		w.commands = append(w.commands, command)
	}
}

// set adds an instruction in front of the workshop's RUN.
func (w *workshop) set(step int, instruction string) {
	w.take(step)
	if !slices.Contains(w.setup, instruction) {
		w.setup = append(w.setup, instruction)
	}
}

func (w *workshop) take(step int) {
	if w.step < 0 {
		w.step = step
	}
}

// finishShops writes the instructions of the workshops.
func (m *migration) finishShops() {
	for _, w := range m.shops {
		if w.step < 0 {
			continue
		}
		lines := slices.Clone(w.setup)
		if len(w.commands) > 0 {
			lines = append(lines, m.script(w.commands)...)
		}
		if w == m.fresh && len(m.slices) > 0 {
			lines = append(lines, m.cutting()...)
		}
		if w.stage != nil {
			last := w.stage.From
			if n := len(w.stage.Instructions); n > 0 {
				last = w.stage.Instructions[n-1]
			}
			m.insertAfter(w.step, last, lines...)
			continue
		}
		lines = append([]string{fmt.Sprintf("%s %s %s %s", m.keyword("FROM"), w.image, m.keyword("AS"), w.name)}, lines...)
		for n := range lines {
			lines[n] = m.indent(w.before.From) + lines[n]
		}
		line := m.File.LineAt(w.before.From.Span.Start)
		for line > 1 && strings.HasPrefix(strings.TrimSpace(m.File.LineText(line-1)), "#") && !isDirective(m.File, line-1) {
			line--
		}
		at := m.lineStart(line)
		step := &m.plan.Steps[w.step]
		step.Edits = append(step.Edits, m.edit(source.Span{Start: at, End: at}, strings.Join(lines, m.lineBreak())+m.lineBreak()+m.lineBreak()))
	}
}

// script is one RUN with several commands, a line each.
func (m *migration) script(commands []string) []string {
	lines := []string{m.keyword("RUN") + " " + commands[0]}
	for _, c := range commands[1:] {
		lines[len(lines)-1] += " " + string(m.File.Escape)
		lines = append(lines, " && "+c)
	}
	return lines
}

// copyFrom is the instruction that takes a path of the workshop's layout into the image.
func (m *migration) copyFrom(w *workshop, owner, name string) string {
	words := []string{m.keyword("COPY"), "--from=" + w.name}
	if owner != "" {
		words = append(words, "--chown="+owner)
	}
	return strings.Join(append(words, m.rootfs()+name, name), " ")
}

// absolute is a path in the image as an instruction means it; false where that is not
// known.
func absolute(dir dockerfile.Setting[string], name string) (string, bool) {
	if strings.ContainsAny(name, "$*?[]{}~\\ \"'") || name == "" {
		return "", false
	}
	if path.IsAbs(name) {
		return path.Clean(name), true
	}
	return path.Join("/", dir.Value, name), dir.Known
}
