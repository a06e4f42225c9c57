// Package command reads slash commands in comments, says who may run them, and documents
// them: the answer to "/chisel help", the README's table and the parser come from one list.
//
// It reads text and knows neither GitHub nor what a command does. Text that is no command
// gives nothing; a command that is not understood gives a [Problem] with the next step.
package command

import (
	"time"
)

// A Verb is what a command asks for.
type Verb string

// The verbs.
const (
	Help     Verb = "help"
	Review   Verb = "review"
	Fix      Verb = "fix"
	Migrate  Verb = "migrate"
	Diff     Verb = "diff"
	Explain  Verb = "explain"
	Ignore   Verb = "ignore"
	Undo     Verb = "undo ignore"
	Recreate Verb = "recreate"
	Pause    Verb = "pause"
	Resume   Verb = "resume"
)

// A Command is one command of a comment.
type Command struct {
	Verb Verb
	// Line is the one-based line of the comment on which it stands, Text that line.
	Line int
	Text string
	// Rules are the ids that fix, explain, ignore and undo ignore name; empty means all
	// that can be fixed.
	Rules []string
	// Image is the image that migrate names, empty for all.
	Image string
	// Upgrade asks migrate for a supported version, Variant for extra or plain; empty
	// leaves the choice to the evidence.
	Upgrade bool
	Variant string
	// ReadOnly asks migrate for root file systems that are read-only.
	ReadOnly bool
	// Now has migrate and fix not wait for the time at which pull requests are opened.
	Now bool
	// Until is the last day of an ignore, zero without an end; Reason is why.
	Until  time.Time
	Reason string
}

// A Problem is a command that was not understood.
type Problem struct {
	Line int
	Text string
	// Message says what is wrong and what to write instead, as sentences with a full stop
	// in Markdown.
	Message string
}

// An Authority is the permission that a command's sender needs.
type Authority string

// The authorities, as GitHub names the permissions.
const (
	Write Authority = "write"
	// AsSet is what the settings want, write without them.
	AsSet Authority = "write, or admin as settings say"
)

// A Spec documents a verb.
type Spec struct {
	Verb Verb
	// Args are the arguments as a person would write them down: "[RULE…]".
	Args string
	// Does says what the verb does, as a clause without a full stop.
	Does string
	// Who may run it.
	Who Authority
	// Examples are whole lines.
	Examples []string

	parse func(*Command, []string, vocabulary) string
}

// Specs are all verbs in the order in which they are explained.
func Specs() []Spec {
	return []Spec{
		{Help, "", "lists the commands", Write, nil, noArgs},
		{Review, "", "checks the head of the pull request again", Write, nil, noArgs},
		{Explain, "RULE", "says why a rule is there and what to do", Write, []string{"/chisel explain root-user"}, oneRule},
		{Diff, "", "shows what fix and migrate would change, without changing it", Write, nil, noArgs},
		{Fix, "[RULE…] [--now]", "commits the fixes of this pull request's findings, or of the named rules alone; or opens a pull request with them, as settings say, with `--now` without waiting for the time at which they let it be opened", Write, []string{"/chisel fix", "/chisel fix user-name privileged-port"}, fixing},
		{Migrate, "[IMAGE] [--upgrade] [--variant extra|plain] [--read-only] [--now]", "moves the images that this pull request touches, or the named one, to chiseled images, by a pull request; `--upgrade` leaves .NET versions that are out of support, `--variant` is with or without ICU and time zones, `--read-only` makes the containers' root file systems read-only too, and `--now` is as that of fix", Write, []string{"/chisel migrate", "/chisel migrate --upgrade --read-only", "/chisel migrate mcr.microsoft.com/dotnet/aspnet --variant extra"}, migration},
		{Ignore, "RULE [until DATE] REASON", "silences a rule where this pull request has findings of it, with a reason and an end: by comments on the branch, or by a pull request to the settings file, as settings say", AsSet, []string{"/chisel ignore root-user until 2027-01-31 the volume still belongs to root"}, suppression},
		{Undo, "RULE", "takes an ignore back", AsSet, []string{"/chisel undo ignore root-user"}, oneRule},
		{Recreate, "", "makes a pull request of chiselbot anew, over whatever was committed to it", Write, nil, noArgs},
		{Pause, "", "has chiselbot leave this pull request alone", Write, nil, noArgs},
		{Resume, "", "has chiselbot look at this pull request again", Write, nil, noArgs},
	}
}
