package checks

import (
	"time"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/dotnet"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A DockerfilePass is one rule's look at one Dockerfile.
type DockerfilePass struct {
	// File is the Dockerfile, Final the stage that is built when no target is named.
	File  *dockerfile.File
	Final *dockerfile.Stage
	// Projects are the .NET projects of the same tree.
	Projects *dotnet.Projects
	// Now is what the rule takes for the present.
	Now time.Time

	rule     *Rule
	findings []Finding
	skips    []Skip
	stands   []string
	secrets  []source.Span
}

// LetStand says that the rule cannot tell, so that another tool's check that it replaces
// is to be reported as it is.
func (p *DockerfilePass) LetStand(id string) { p.stands = append(p.stands, id) }

// Hide says that a part of the file is a secret, which nothing that is shown may repeat.
func (p *DockerfilePass) Hide(secret source.Span) { p.secrets = append(p.secrets, secret) }

// Report adds a finding. The pass fills in the rule, its severity and the file.
func (p *DockerfilePass) Report(f Finding) {
	f.Rule, f.Severity, f.File = p.rule, p.rule.Severity, p.File.File
	p.findings = append(p.findings, f)
}

// Skip says that the rule could not decide, and why: a sentence with a full stop each.
func (p *DockerfilePass) Skip(at source.Span, reason, help string) {
	p.skips = append(p.skips, Skip{Path: p.File.Path(), File: p.File.File, Span: at, Rule: p.rule.ID, Reason: reason, Help: help})
}

// Edit is an edit of the Dockerfile.
func (p *DockerfilePass) Edit(at source.Span, text string) source.Edit {
	return source.Edit{Path: p.File.Path(), Span: at, New: text}
}

// Related is another place in the Dockerfile.
func (p *DockerfilePass) Related(at source.Span, message string) Related {
	return Related{File: p.File.File, Span: at, Message: message}
}

// StageKey names a stage in a finding's key so that it stays the same when stages are
// added or reordered before it: by name, "final" for the last stage, otherwise by the
// image it starts from.
func (p *DockerfilePass) StageKey(s *dockerfile.Stage) string {
	switch {
	case s == p.Final:
		return "final"
	case s.Name != "":
		return s.Name
	case s.Image != nil && s.Image.Problem == "":
		return s.Image.Ref.Repository
	case s.Image != nil:
		return s.Image.Written
	}
	return "stage"
}
