// Package dockerfile reads a Dockerfile as BuildKit's parser sees it and adds what
// that parser leaves out: the byte span of every instruction, flag, word and heredoc,
// the graph of stages, what each stage inherits, and every image it names.
//
// BuildKit decides what an instruction is and what its words are; this package only
// finds them again in the bytes, and [Parse] fails rather than return a span whose
// text is not what BuildKit saw. It has no opinion on what it reads and nothing in it
// prints a Dockerfile: edits are made on spans.
package dockerfile

import (
	"sync"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A File is one parsed Dockerfile. It is immutable and safe for concurrent use.
type File struct {
	*source.File
	// Escape is the escape character: '\\' or '`'.
	Escape rune
	// Directives are the parser directives at the head of the file: syntax, escape, check.
	Directives []Directive
	// Comments are all comment lines, those between the lines of a continued
	// instruction included, parser directives and heredoc bodies excluded.
	Comments []Comment
	// Instructions are all instructions in order, those before the first FROM included.
	Instructions []*Instruction
	// Stages are the build stages in order.
	Stages []*Stage

	images  []Image
	mirrors base.Mirrors
}

// A Directive is a parser directive: "# escape=`".
type Directive struct {
	Name, Value string
	Span        source.Span
}

// A Comment is one comment line.
type Comment struct {
	// Text is what follows the '#', without surrounding space.
	Text string
	// Span starts at the '#' and ends before the line break.
	Span source.Span
	// Within is the continued instruction that the comment stands in, nil for a
	// comment between instructions.
	Within *Instruction
}

// An Instruction is one instruction, possibly over several lines.
type Instruction struct {
	// Keyword is the instruction's name in upper case: "FROM".
	Keyword string
	// KeywordSpan is where the name stands.
	KeywordSpan source.Span
	// Span runs from the name's first byte to the last byte of the instruction, its
	// heredocs and their terminators included, trailing line break excluded.
	Span source.Span
	// ArgsSpan covers all that stands behind the flags, the brackets of an exec form
	// included and here-documents excluded. Without arguments it is empty.
	ArgsSpan source.Span
	// Flags are the leading --name=value flags.
	Flags []Flag
	// Words are the arguments as BuildKit splits them for this instruction: the strings
	// of an exec form; one word with the whole command of a shell form; each path of
	// COPY; the image, AS and the name of FROM; one word for USER and WORKDIR. ENV,
	// LABEL and ARG have Pairs as well. HEALTHCHECK begins with CMD or NONE; ONBUILD has
	// none.
	Words []Word
	// Pairs are the names and values of ENV, LABEL and ARG.
	Pairs []Pair
	// Exec says that the arguments are a JSON array.
	Exec bool
	// Heredocs are the here-documents in order; those of ONBUILD are its Trigger's.
	Heredocs []Heredoc
	// Trigger is the instruction behind ONBUILD. It is nil for any other instruction, and
	// for a trigger that BuildKit would refuse in the build that it is for.
	Trigger *Instruction
	// Stage is the stage the instruction belongs to, nil before the first FROM.
	Stage *Stage
	// Logical is the instruction on one line, as BuildKit joins it: continuations,
	// comments and line breaks removed, heredocs not included.
	Logical Logical

	run      source.Span // the command of CMD, ENTRYPOINT, HEALTHCHECK, RUN and SHELL
	at       *Conditions // see Before
	once     sync.Once   // for the two below; see Commands
	commands []ShellCommand
	parsed   bool
}

// A Flag is --name or --name=value.
type Flag struct {
	Name  string // without the dashes
	Value string
	// Span covers the whole flag, ValueSpan only the value (empty at the flag's end
	// where there is none).
	Span, ValueSpan source.Span

	at int // where the value stands in Logical.Text, -1 where it has quotes or escapes
}

// A Word is one argument.
type Word struct {
	// Value is the argument as BuildKit's parser has it: unquoted in exec form,
	// quotes and variables as written elsewhere.
	Value string
	// Span is where the word stands, including the quotes of an exec form. A word that
	// is continued over lines spans all of them.
	Span source.Span

	at int // where the word stands in Logical.Text
}

// A Pair is NAME=value. For ARG without a default, HasValue is false.
type Pair struct {
	Name, Value Word
	HasValue    bool
	// Span covers name and value.
	Span source.Span
}

// A Heredoc is a here-document of RUN, COPY or ADD.
type Heredoc struct {
	Name string
	// Content is the body as BuildKit has it; Span is where the body stands, without
	// the terminator line.
	Content string
	Span    source.Span
	// Expand says that variables in the body are replaced, Chomp that leading tabs go.
	Expand, Chomp bool

	nameAt int // where the terminator's name stands
}

// Logical is the text of an instruction joined to one line, and the way back.
type Logical struct {
	Text string
	// pieces maps runs of Text to the bytes of the file they came from.
	pieces []piece
}

// piece says that Text[at:] up to the next piece came from the file at offset.
type piece struct {
	at, offset int
}

// An Image is one image reference in a Dockerfile.
type Image struct {
	// Written is the reference as it stands, Span where it stands.
	Written string
	Span    source.Span
	// Ref is the reference with its variables replaced, parsed. Valid when Problem is "".
	Ref base.Reference
	// Args are the names of the variables that Written uses.
	Args []string
	// Facts are what is known of the image, nil where nothing is.
	Facts *base.Facts
	// Problem says why Ref could not be had: a clause such as "`TAG` has no default value".
	Problem string
	// Use is where the reference stands.
	Use ImageUse
	// Instruction is the one that holds the reference; nil for the syntax directive.
	Instruction *Instruction
}

// ImageUse is the place of an image reference in a Dockerfile.
type ImageUse string

// The places that can name an image.
const (
	UseFrom   ImageUse = "FROM"
	UseCopy   ImageUse = "COPY --from"
	UseMount  ImageUse = "RUN --mount from"
	UseSyntax ImageUse = "syntax directive"
)
