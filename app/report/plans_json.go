package report

import (
	"io"
	"strings"

	"github.com/chiselbot/chiselbot/fixes"
)

// The types of the JSON form of plans. Lists are in a fixed order and are empty, not
// absent, when there is nothing in them.

type jsonPlans struct {
	// 1. It changes when a field goes away or gets another meaning; fields may be added.
	SchemaVersion    int    `json:"schemaVersion"`
	ChiselbotVersion string `json:"chiselbotVersion"`
	// How many Dockerfiles were looked at.
	Dockerfiles int        `json:"dockerfiles"`
	Plans       []jsonPlan `json:"plans"`
	// What could not be read.
	Skips []jsonSkip `json:"skips"`
}

type jsonPlan struct {
	Recipe string `json:"recipe"`
	// The Dockerfile.
	Path  string `json:"path"`
	Title string `json:"title"`
	// safe, safe with edits, needs a person, or refuse. Only the first two change files.
	Verdict string       `json:"verdict"`
	Steps   []jsonStep   `json:"steps"`
	Reasons []jsonReason `json:"reasons"`
	Notes   []jsonNote   `json:"notes"`
	Changes []jsonChange `json:"changes"`
	// Absent where nothing is changed and so nothing was proven.
	Proof *jsonProof `json:"proof,omitempty"`
}

type jsonStep struct {
	ID    string     `json:"id"`
	Place *jsonPlace `json:"place,omitempty"`
	Title string     `json:"title"`
	Why   []string   `json:"why"`
	URL   string     `json:"url"`
}

type jsonReason struct {
	ID      string     `json:"id"`
	Verdict string     `json:"verdict"`
	Place   *jsonPlace `json:"place,omitempty"`
	Message string     `json:"message"`
	Help    string     `json:"help"`
	URL     string     `json:"url,omitempty"`
}

type jsonNote struct {
	Place   *jsonPlace `json:"place,omitempty"`
	Message string     `json:"message"`
}

type jsonChange struct {
	Path string `json:"path"`
	// A patch for git apply.
	Diff string `json:"diff"`
}

type jsonProof struct {
	Proven []string `json:"proven"`
	// The fields of rendered objects that differ, in words.
	Fields []string `json:"fields"`
	// What was not proven.
	Open []string `json:"open"`
}

// PlansJSON writes plans for machines.
func PlansJSON(w io.Writer, all Plans, version string) error {
	return writeJSON(w, jsonPlans{
		SchemaVersion: schemaVersion, ChiselbotVersion: version, Dockerfiles: all.Dockerfiles,
		Plans: each(all.Plans, planJSON), Skips: each(all.Skips, skipJSON),
	})
}

func planJSON(plan *fixes.Plan) jsonPlan {
	steps := plan.Steps
	if !plan.Applicable() {
		steps = nil // they are not taken
	}
	one := jsonPlan{
		Recipe: plan.Recipe, Path: plan.File.Path(), Title: plan.Title, Verdict: plan.Verdict.String(),
		Steps: each(steps, func(s fixes.Step) jsonStep {
			return jsonStep{s.ID, somewhere(s.At), s.Title, strings.Split(s.Because, "\n"), s.URL}
		}),
		Reasons: each(plan.Reasons, func(r fixes.Reason) jsonReason {
			return jsonReason{r.ID, r.Verdict.String(), somewhere(r.At), r.Message, r.Help, r.URL}
		}),
		Notes:   each(plan.Notes, func(n fixes.Note) jsonNote { return jsonNote{somewhere(n.At), n.Message} }),
		Changes: each(plan.Changes, func(c fixes.Change) jsonChange { return jsonChange{c.Path, c.Diff()} }),
	}
	if proof := plan.Proof; proof != nil {
		one.Proof = &jsonProof{append([]string{}, proof.Held...), append([]string{}, proof.Fields...), append([]string{}, proof.Open...)}
	}
	return one
}

func somewhere(at fixes.Place) *jsonPlace {
	if at.File == nil {
		return nil
	}
	place := placeJSON(at.File, at.Span)
	return &place
}
