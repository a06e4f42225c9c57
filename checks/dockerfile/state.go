package dockerfile

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks/base"
)

// maxPorts is how many ports a stage keeps: a variable can hold many, and each stage
// that builds on another has them again.
const maxPorts = 1_000

// A builder follows one stage from its FROM to its end.
type builder struct {
	stage   *Stage
	x       *expander
	globals func(name string) variable
	state   State
	// now is what the next instruction finds; a change makes a new one.
	now *Conditions
	// vars are the variables that instructions may use: ENV and ARG. Like the state's
	// Env they are the parent's until the stage changes them.
	vars            map[string]variable
	ownVars, ownEnv bool
	cmdSet          bool
}

// start takes over what the base or the parent gives.
func (b *builder) start(facts *base.Facts) {
	s := b.stage
	if p := s.Parent; p != nil {
		b.state, b.vars = p.state, p.vars
		b.state.Expose = slices.Clip(b.state.Expose)
		b.note()
		s.From.at = b.now
		for _, i := range p.Instructions {
			if i.Trigger != nil {
				b.follow(i.Trigger)
			}
		}
		return
	}
	certain := facts != nil || s.Scratch
	st := &b.state
	st.Base, st.Scratch = facts, s.Scratch
	st.User.Known = s.Scratch || facts != nil && !facts.UserUnknown
	st.Workdir.Known, st.Shell.Known, st.Health.Known = certain, certain, certain
	st.Entrypoint.Known = s.Scratch || facts != nil && facts.StartKnown
	st.Cmd.Known = st.Entrypoint.Known
	st.Workdir.Value = "/"
	st.Shell.Value = []string{"/bin/sh", "-c"}
	st.Env, b.vars = map[string]Setting[string]{}, map[string]variable{}
	b.ownEnv, b.ownVars = true, true
	switch {
	case s.Scratch:
		st.HasShell, st.HasPackages = base.No, base.No
	case facts != nil:
		st.User.Value = facts.User
		if facts.Workdir != "" {
			st.Workdir.Value = facts.Workdir
		}
		st.Entrypoint.Value.Args, st.Cmd.Value.Args = facts.Entrypoint, facts.Cmd
		st.HasShell, st.HasPackages = facts.Shell, facts.Packages
		if facts.DotNet != nil && facts.DotNet.Windows {
			st.Shell.Value = []string{"cmd", "/S", "/C"}
		}
		for name, value := range facts.Env {
			st.Env[name] = Setting[string]{Value: value, Known: true}
			b.vars[name] = variable{value: value, kind: known}
		}
		for _, port := range facts.Ports {
			st.Expose = append(st.Expose, Port{First: port, Last: port, Protocol: "tcp"})
		}
	}
	b.note()
	s.From.at = b.now
}

// note makes the conditions of the following instructions anew.
func (b *builder) note() {
	now := b.state.Conditions
	b.now = &now
}

func (b *builder) done() {
	b.stage.state, b.stage.vars = b.state, b.vars
}

// look looks a variable up as an instruction of the stage sees it.
func (b *builder) look(name string) variable {
	if v, ok := b.vars[name]; ok {
		return v
	}
	if b.state.Scratch {
		return variable{kind: absent}
	}
	return variable{kind: unknown, why: "`" + name + "` may come from the base image"}
}

// apply notes what an instruction of the stage finds, and follows it.
func (b *builder) apply(i *Instruction) {
	i.at = b.now
	if i.Trigger != nil {
		i.Trigger.at = b.now
	}
	b.follow(i)
}

// follow changes the state as an instruction does.
func (b *builder) follow(i *Instruction) {
	st := &b.state
	switch i.Keyword {
	case "USER":
		st.User = b.setting(i, i.Words[0])
		b.note()
	case "WORKDIR":
		b.workdir(i)
	case "SHELL":
		st.Shell = Setting[[]string]{Value: i.strings(0), Known: true, Origin: i, Span: i.run}
		b.note()
	case "ENTRYPOINT":
		st.Entrypoint = i.command(0)
		if !b.cmdSet {
			st.Cmd = Setting[Command]{Known: true}
		}
	case "CMD":
		st.Cmd, b.cmdSet = i.command(0), true
	case "HEALTHCHECK":
		if strings.EqualFold(i.Words[0].Value, "NONE") {
			st.Health = Setting[Command]{Known: true, Origin: i, Span: i.Words[0].Span}
		} else {
			st.Health = i.command(1)
		}
	case "ENV":
		b.env(i)
	case "ARG":
		b.arg(i)
	case "EXPOSE":
		b.expose(i)
	case "COPY", "ADD":
		b.copy(i)
	}
}

// setting is the value of a word with its variables replaced, as written where one of
// them is not known.
func (b *builder) setting(i *Instruction, w Word) Setting[string] {
	s := Setting[string]{Value: w.Value, Origin: i, Span: w.Span}
	if v := b.x.word(w.Value, b.look); v.kind == known {
		s.Value, s.Known = v.value, true
	}
	return s
}

// command is the command that begins at a word.
func (i *Instruction) command(first int) Setting[Command] {
	return Setting[Command]{
		Value: Command{Args: i.strings(first), ShellForm: !i.Exec},
		Known: true, Origin: i, Span: i.run,
	}
}

// strings are the values of the words from the first on.
func (i *Instruction) strings(first int) []string {
	var values []string
	for _, w := range i.Words[min(first, len(i.Words)):] {
		values = append(values, w.Value)
	}
	return values
}

func (b *builder) workdir(i *Instruction) {
	dir := b.setting(i, i.Words[0])
	if dir.Known && !path.IsAbs(dir.Value) && !isWindowsPath(dir.Value) {
		dir.Known = b.state.Workdir.Known
		dir.Value = path.Join(b.state.Workdir.Value, dir.Value)
	} else if dir.Known && path.IsAbs(dir.Value) {
		dir.Value = path.Clean(dir.Value)
	}
	b.state.Workdir = dir
	b.note()
}

// isWindowsPath reports whether a path begins with a drive letter or a backslash.
func isWindowsPath(p string) bool {
	return strings.HasPrefix(p, `\`) || len(p) > 1 && p[1] == ':'
}

func (b *builder) env(i *Instruction) {
	if !b.ownEnv {
		b.state.Env, b.ownEnv = maps.Clone(b.state.Env), true
	}
	names, values := make([]variable, len(i.Pairs)), make([]variable, len(i.Pairs))
	for n, p := range i.Pairs { // all are replaced before any is set
		names[n], values[n] = b.x.word(p.Name.Value, b.look), b.x.word(p.Value.Value, b.look)
	}
	for n, p := range i.Pairs {
		if names[n].kind != known {
			continue
		}
		s := Setting[string]{Value: p.Value.Value, Origin: i, Span: p.Value.Span}
		if values[n].kind == known {
			s.Value, s.Known = values[n].value, true
		}
		b.state.Env[names[n].value] = s
		b.set(names[n].value, values[n])
	}
}

func (b *builder) arg(i *Instruction) {
	for _, p := range i.Pairs {
		name := p.Name.Value
		if p.HasValue {
			b.set(name, b.x.word(p.Value.Value, b.look))
			continue
		}
		v := b.globals(name)
		if v.kind == unset {
			if _, ok := b.vars[name]; ok {
				continue
			}
			v.why = "`" + name + "` has no default value"
		}
		b.set(name, v)
	}
}

func (b *builder) set(name string, v variable) {
	if !b.ownVars {
		b.vars, b.ownVars = maps.Clone(b.vars), true
	}
	b.vars[name] = v
}

// expose adds the ports of EXPOSE. Those that depend on an unknown variable and those
// that BuildKit would refuse are left out.
func (b *builder) expose(i *Instruction) {
	for _, w := range i.Words {
		v := b.x.word(w.Value, b.look)
		if v.kind != known {
			continue
		}
		for field := range strings.FieldsSeq(v.value) {
			if p, ok := parsePort(field); ok && len(b.state.Expose) < maxPorts {
				p.Origin, p.Span = i, w.Span
				b.state.Expose = append(b.state.Expose, p)
			}
		}
	}
}

// parsePort reads [[ip:]host:]container[-last][/protocol] as BuildKit's
// dockerfile2llb/convert_expose.go does.
func parsePort(s string) (Port, bool) {
	s = s[strings.LastIndexByte(s, ':')+1:]
	s, protocol, _ := strings.Cut(s, "/")
	if protocol = strings.ToLower(protocol); protocol == "" {
		protocol = "tcp"
	}
	first, last, ranged := strings.Cut(s, "-")
	if !ranged {
		last = first
	}
	p := Port{Protocol: protocol}
	var err1, err2 error
	p.First, err1 = strconv.Atoi(first)
	p.Last, err2 = strconv.Atoi(last)
	ok := err1 == nil && err2 == nil && 0 <= p.First && p.First <= p.Last && p.Last <= 65535
	return p, ok && (protocol == "tcp" || protocol == "udp" || protocol == "sctp")
}

// copy notes that a COPY or ADD may bring a shell or a package manager to an image
// without one.
func (b *builder) copy(i *Instruction) {
	st := &b.state
	if st.HasShell != base.No && st.HasPackages != base.No || len(i.Words) < 2 {
		return
	}
	shell, packages := b.brings(i)
	if shell && st.HasShell == base.No {
		st.HasShell = base.Unknown
	}
	if packages && st.HasPackages == base.No {
		st.HasPackages = base.Unknown
	}
	b.note()
}

// brings reports whether a COPY or ADD may put a shell and a package manager in place:
// by its folder, or by the name of what it copies.
func (b *builder) brings(i *Instruction) (shell, packages bool) {
	dest := b.x.word(i.Words[len(i.Words)-1].Value, b.look)
	if dest.kind != known {
		return true, true
	}
	dir := dest.value
	if !path.IsAbs(dir) {
		if !b.state.Workdir.Known {
			return true, true
		}
		dir = path.Join(b.state.Workdir.Value, dir)
	}
	switch path.Clean(dir) {
	case "/", "/bin", "/sbin", "/usr", "/usr/bin", "/usr/sbin":
		return true, true
	}
	for _, w := range i.Words {
		switch path.Base(w.Value) {
		case "sh", "bash", "dash", "ash", "busybox":
			shell = true
		case "apt", "apt-get", "dpkg", "apk", "apk.static", "dnf", "microdnf", "tdnf", "yum", "zypper", "rpm":
			packages = true
		}
	}
	return shell, packages
}
