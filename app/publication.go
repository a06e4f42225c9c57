package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/chiselbot/chiselbot/app/report"
)

// A publication is a check run on its way to GitHub. It may have come there in part, by
// an attempt of the same job that ended at any point.
type publication struct {
	*App
	repo Repository
	run  Run
	// resumed means that GitHub may know more than our memory does.
	resumed bool
}

// begin shows that the review is under way.
func (p *publication) begin(ctx context.Context) error {
	if p.resumed && p.run.CheckRun == 0 {
		found, err := p.find(ctx)
		if err != nil {
			return err
		}
		p.run.CheckRun = found.ID
	}
	if p.run.CheckRun == 0 {
		id, err := p.GitHub.CreateCheckRun(ctx, p.repo, p.checkRun(report.InProgress()))
		if err != nil {
			return err
		}
		p.run.CheckRun = id
	}
	return p.Memory.SaveRun(ctx, p.run)
}

// end completes the run and leaves it in a state. The same output is published once,
// however often it is tried.
func (p *publication) end(ctx context.Context, state RunState, out report.CheckRun) error {
	var found CheckRun
	if p.resumed {
		var err error
		if found, err = p.find(ctx); err != nil {
			return err
		}
		p.run.CheckRun = found.ID
		if found.Annotations > 0 && p.run.Digest != digest(out) {
			// GitHub has annotations of another output, which nobody can take back.
			p.run.Generation++
			p.run.CheckRun, found = 0, CheckRun{}
		}
	}
	// What is published is remembered before it is, so that the next attempt knows of what
	// output GitHub may have a part.
	p.run.State, p.run.Digest = Publishing, digest(out)
	p.run.Conclusion, p.run.Title, p.run.Summary = out.Conclusion, out.Title, out.Summary
	if err := p.Memory.SaveRun(ctx, p.run); err != nil {
		return err
	}
	if !shows(found, out) {
		if err := p.send(ctx, found.Annotations, out); err != nil {
			return err
		}
	}
	p.run.State = state
	return p.Memory.SaveRun(ctx, p.run)
}

func (p *publication) send(ctx context.Context, annotations int, out report.CheckRun) error {
	c := p.checkRun(out)
	c.Annotations = annotations
	if c.ID != 0 {
		return p.GitHub.UpdateCheckRun(ctx, p.repo, c)
	}
	id, err := p.GitHub.CreateCheckRun(ctx, p.repo, c)
	p.run.CheckRun = id
	return err
}

func (p *publication) checkRun(out report.CheckRun) CheckRun {
	return CheckRun{ID: p.run.CheckRun, Head: p.run.Head, ExternalID: nextID(p.run.ExternalID, p.run.Generation), Output: out}
}

// find asks GitHub for the run; there may be none.
func (p *publication) find(ctx context.Context) (CheckRun, error) {
	found, err := p.GitHub.FindCheckRun(ctx, p.repo, p.run.Head, nextID(p.run.ExternalID, p.run.Generation))
	if errors.Is(err, ErrNotFound) {
		return CheckRun{}, nil
	}
	return found, err
}

// shows reports whether a run on GitHub already shows the output whole: the conclusion
// goes with the last request.
func shows(found CheckRun, out report.CheckRun) bool {
	return found.ID != 0 && found.Output.Conclusion == out.Conclusion && found.Output.Title == out.Title &&
		found.Output.Summary == out.Summary && found.Output.Text == out.Text && found.Annotations == len(out.Annotations)
}

// digest identifies an output.
func digest(out report.CheckRun) string {
	data, err := json.Marshal(out)
	if err != nil {
		panic(fmt.Sprintf("digest of a check run: %v", err)) // it is made of strings and numbers
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
