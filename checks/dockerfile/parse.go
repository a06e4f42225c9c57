package dockerfile

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/source"
)

// What a file may hold at most. The limits lie far above any Dockerfile that a person
// or a generator has reason to write; they keep the cost of a hostile one small.
const (
	maxInstructions = 10_000
	// Each stage keeps the variables that it inherits.
	maxStages    = 200
	maxVariables = 1_000
	// maxLine is what BuildKit's parser reads as one line; it would give the line before
	// the long one as the place of the error.
	maxLine = 64<<10 - 1
	// maxJoined is the length of one instruction with all its continuation lines, and
	// maxSubstitutions how often it says "${": BuildKit's word splitter recurses on
	// nested substitutions and copies the rest of the text at each level. maxCopied
	// bounds the product of the two, over the whole file.
	maxJoined        = 128 << 10
	maxSubstitutions = 1_000
	maxCopied        = 64 << 20
	maxMessage       = 300
)

// A ParseError says why a file is not a Dockerfile that Docker would build, or why it
// is beyond what this package reads.
type ParseError struct {
	// Line is the line of the instruction at fault, counted from one.
	Line int
	// Message is a clause without a full stop.
	Message string
}

func (e *ParseError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }

// Parse reads a Dockerfile of which nothing is known beside.
func Parse(src *source.File) (*File, error) { return Parser{}.Parse(src) }

// A Parser reads Dockerfiles with what is known beside them.
type Parser struct {
	// Mirrors are registries with copies of known images.
	Mirrors base.Mirrors
}

// Parse reads a Dockerfile. An error is a *[ParseError]: BuildKit refuses the file, or
// it is larger than this package accepts.
func (p Parser) Parse(src *source.File) (*File, error) {
	if err := bound(src); err != nil {
		return nil, err
	}
	result, err := parser.Parse(strings.NewReader(src.Text()))
	if err != nil {
		return nil, refused(err)
	}
	if n := result.AST.Children; len(n) > maxInstructions {
		return nil, &ParseError{n[maxInstructions].StartLine, fmt.Sprintf("more than %d instructions", maxInstructions)}
	}
	for _, node := range result.AST.Children {
		node.PrevComment = nil // a check comment makes BuildKit ask the linter that it was not given
	}
	stages, _, err := instructions.Parse(result.AST, nil)
	switch {
	case err != nil:
		return nil, refused(err)
	case len(stages) == 0:
		return nil, &ParseError{1, "no FROM instruction"}
	case len(stages) > maxStages:
		return nil, &ParseError{stages[maxStages].Location[0].Start.Line, fmt.Sprintf("more than %d stages", maxStages)}
	}

	f := &File{File: src, Escape: result.EscapeToken, mirrors: p.Mirrors}
	if err := newScanner(f).scan(result.AST.Children); err != nil {
		return nil, err
	}
	f.link()
	return f, nil
}

// bound refuses files that would be costly to parse. It joins lines as BuildKit does,
// but for either escape character, so it never takes an instruction for shorter than
// it is.
func bound(src *source.File) error {
	text := src.Text()
	if len(text) > source.MaxFileBytes {
		return &ParseError{1, fmt.Sprintf("file is larger than %d bytes", source.MaxFileBytes)}
	}
	first, joined, substitutions, copied := 0, 0, 0, 0
	for line := 1; text != ""; line++ {
		var s string
		s, text, _ = strings.Cut(text, "\n")
		trimmed := strings.TrimSpace(s)
		if trimmed == "" || trimmed[0] == '#' {
			continue
		}
		if joined == 0 {
			first = line
		}
		joined += len(s)
		substitutions += strings.Count(s, "${")
		switch {
		case len(s) > maxLine:
			return &ParseError{line, fmt.Sprintf("line is longer than %d bytes", maxLine)}
		case joined > maxJoined:
			return &ParseError{first, fmt.Sprintf("instruction is longer than %d bytes", maxJoined)}
		case substitutions > maxSubstitutions:
			return &ParseError{first, fmt.Sprintf("instruction has more than %d substitutions", maxSubstitutions)}
		case copied+joined*substitutions > maxCopied:
			return &ParseError{first, "too many substitutions in long instructions"}
		}
		if !strings.HasSuffix(trimmed, `\`) && !strings.HasSuffix(trimmed, "`") {
			copied += joined * substitutions
			joined, substitutions = 0, 0
		}
	}
	return nil
}

// refused makes an error of BuildKit's a ParseError. BuildKit's guesses at what was
// meant are left out: among equally near words it takes a random one.
func refused(err error) *ParseError {
	e := &ParseError{Line: 1}
	var located *parser.LocationError
	if errors.As(err, &located) && len(located.Locations) > 0 && len(located.Locations[0]) > 0 {
		e.Line = max(1, located.Locations[0][0].Start.Line)
		err = located.Unwrap()
	}
	e.Message = err.Error()
	if guess := strings.LastIndex(e.Message, " (did you mean "); guess >= 0 && strings.HasSuffix(e.Message, "?)") {
		e.Message = e.Message[:guess]
	}
	e.Message = strings.TrimRight(e.Message, ": ")
	if len(e.Message) > maxMessage {
		end := maxMessage
		for !utf8.RuneStart(e.Message[end]) {
			end--
		}
		e.Message = e.Message[:end] + "…"
	}
	return e
}
