package dockerfile

import (
	"iter"
	"slices"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A Stage is one build stage: a FROM and what follows it.
type Stage struct {
	Index int
	// Name is what AS calls it, in lower case as BuildKit compares it; empty without AS.
	Name string
	From *Instruction
	// Instructions are those after FROM.
	Instructions []*Instruction
	// Parent is the earlier stage that FROM names, nil when FROM names an image.
	Parent *Stage
	// Image is the image that FROM names, nil when Parent is set or for scratch.
	Image *Image
	// Scratch says that FROM names the empty image.
	Scratch bool
	// Platform is the value of FROM's --platform flag as written, empty without one.
	Platform string
	// Uses are the earlier stages that the stage copies or mounts from.
	Uses []*Stage

	file  *File
	state State
	vars  map[string]variable // ENV and ARG at the end
}

// Root is the first stage of the chain of parents: the one whose FROM names an image
// or scratch. It is the stage itself when it has no parent.
func (s *Stage) Root() *Stage {
	for s.Parent != nil {
		s = s.Parent
	}
	return s
}

// Chain is the stage and the stages it inherits from, the root first.
func (s *Stage) Chain() []*Stage {
	var chain []*Stage
	for ; s != nil; s = s.Parent {
		chain = append(chain, s)
	}
	slices.Reverse(chain)
	return chain
}

// InChain are the instructions of one keyword along the chain, the root's first. FROM
// and those behind ONBUILD are not among them.
func (s *Stage) InChain(keyword string) iter.Seq[*Instruction] {
	return func(yield func(*Instruction) bool) {
		for _, stage := range s.Chain() {
			for _, i := range stage.Instructions {
				if i.Keyword == keyword && !yield(i) {
					return
				}
			}
		}
	}
}

// Base is what is known of the external image at the root of the chain: nil when it is
// unknown, could not be resolved, or is scratch.
func (s *Stage) Base() *base.Facts { return s.state.Base }

// State is the image configuration at the end of the stage.
func (s *Stage) State() *State { return &s.state }

// State is what a stage's image would carry: what the base gives, changed by the
// instructions of the chain. Values have their variables replaced where they are known.
type State struct {
	// Base is as [Stage.Base] says.
	Base *base.Facts
	// Scratch says that the chain starts from the empty image.
	Scratch bool
	Conditions
	Entrypoint Setting[Command]
	Cmd        Setting[Command]
	Health     Setting[Command] // exec or shell command; zero Command for NONE
	Env        map[string]Setting[string]
	// Expose are the ports of the base and those of EXPOSE along the chain, in order.
	// Those that depend on an unknown variable are left out, and all after the
	// thousandth.
	Expose []Port
}

// Conditions are the part of a stage's state that its own instructions run under.
type Conditions struct {
	User    Setting[string]
	Workdir Setting[string]
	Shell   Setting[[]string]
	// HasShell and HasPackages say whether /bin/sh and a package manager can be run, as
	// far as the base is known. COPY and ADD may bring a shell to a base without one:
	// then HasShell is Unknown. A shell elsewhere, which Shell may name, does not count.
	HasShell, HasPackages base.Known
}

// A Setting is a value and where it comes from.
type Setting[T any] struct {
	Value T
	// Known is false when the value depends on a base or a variable that is not known.
	Known bool
	// Origin is the instruction that set it, nil when the base did or nothing did.
	Origin *Instruction
	// Span is where the value stands in Origin.
	Span source.Span
}

// Command is a command in exec or shell form.
type Command struct {
	// Args are the strings of the exec form, or one string with the whole shell command.
	Args []string
	// ShellForm says that a shell runs it.
	ShellForm bool
}

// Port is one exposed port or range.
type Port struct {
	// First and Last are equal but for a range.
	First, Last int
	Protocol    string // tcp, udp, sctp
	Origin      *Instruction
	Span        source.Span
}

// Final is the stage that is built when no target is named: the last one. It is nil
// for a file without stages.
func (f *File) Final() *Stage {
	if len(f.Stages) == 0 {
		return nil
	}
	return f.Stages[len(f.Stages)-1]
}

// Stage finds a stage by name or by index in decimal, nil when there is none.
func (f *File) Stage(name string) *Stage { return findStage(f.Stages, name) }
