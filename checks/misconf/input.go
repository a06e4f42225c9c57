package misconf

import (
	"context"
	"fmt"
	"strings"

	trivydockerfile "github.com/aquasecurity/trivy/pkg/iac/providers/dockerfile"
	"github.com/aquasecurity/trivy/pkg/iac/scanners/dockerfile/parser"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

// What a RUN may be at most. The checks hand its text to a shell parser that recurses
// where the text nests and takes up to 4 KiB of stack for one bracket. When a stack
// reaches a gigabyte Go ends the whole program, and nothing can recover from that.
const (
	maxRunBytes = 64 << 10
	maxRunDepth = 1000
)

// input is a Dockerfile in the form that the checks take. It goes through JSON as it
// does in Trivy, which makes a missing list null rather than empty.
func input(ctx context.Context, text string) (ast.Value, error) {
	// Trivy gives no more than one file for one text.
	files, err := parser.NewParser().Parse(ctx, strings.NewReader(text), "Dockerfile")
	if err != nil {
		return nil, fmt.Errorf("read the file as Trivy does: %w", err)
	}
	for _, stage := range files[0].Stages {
		for _, c := range stage.Commands {
			if err := bound(c); err != nil {
				return nil, err
			}
		}
	}
	contents := files[0].ToRego()
	if err := util.RoundTrip(&contents); err != nil {
		return nil, fmt.Errorf("hand the file to Trivy's checks: %w", err)
	}
	value, err := ast.InterfaceToValue(contents)
	if err != nil {
		return nil, fmt.Errorf("hand the file to Trivy's checks: %w", err)
	}
	return value, nil
}

// bound refuses a RUN that the shell parser could not bear.
func bound(c trivydockerfile.Command) error {
	if c.Cmd != "run" {
		return nil
	}
	length, depth := 0, 0
	for _, v := range c.Value {
		length += len(v) + 1
		for i := range len(v) {
			switch v[i] {
			case '(', '{', '[':
				depth++
			case ')', '}', ']':
				depth = max(0, depth-1)
			}
			if depth > maxRunDepth {
				return fmt.Errorf("run Trivy's checks: the RUN on line %d opens more than %d brackets inside each other", c.StartLine, maxRunDepth)
			}
		}
	}
	if length > maxRunBytes {
		return fmt.Errorf("run Trivy's checks: the RUN on line %d is longer than %d KiB", c.StartLine, maxRunBytes>>10)
	}
	return nil
}
