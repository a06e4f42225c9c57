package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/app/review"
)

// formats are the forms in which a review can be written.
var formats = []string{"text", "json", "sarif", "markdown", "github"}

func formatNames() string {
	last := len(formats) - 1
	return strings.Join(formats[:last], ", ") + " or " + formats[last]
}

// writer writes a review in the form that --format names.
func (p program) writer(flags reviewFlags) (func(io.Writer, *review.Review) error, error) {
	switch flags.format {
	case "text":
		return func(w io.Writer, r *review.Review) error { return report.Text(w, r, p.terminal(), flags.all) }, nil
	case "json":
		return func(w io.Writer, r *review.Review) error { return report.JSON(w, r, version()) }, nil
	case "sarif":
		return func(w io.Writer, r *review.Review) error { return report.SARIF(w, r, version()) }, nil
	case "markdown":
		return report.WriteMarkdown, nil
	case "github":
		return report.GitHub, nil
	}
	return nil, fmt.Errorf("read --format %q: want %s", flags.format, formatNames())
}
