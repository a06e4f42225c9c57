package github

import (
	"context"

	"github.com/google/go-github/v57/github"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/report"
)

// maxAnnotations is how many annotations one request takes; a further request adds to
// those that are there.
// https://docs.github.com/en/rest/checks/runs#update-a-check-run
const maxAnnotations = 50

// CreateCheckRun creates a run with its first annotations, and completes it with the last.
func (c *Client) CreateCheckRun(ctx context.Context, repo app.Repository, run app.CheckRun) (int64, error) {
	first, rest := batch(run.Output.Annotations)
	whole := len(rest) == 0
	created, _, err := c.in(repo, reviewing).Checks.CreateCheckRun(ctx, repo.Owner, repo.Name, github.CreateCheckRunOptions{
		Name: app.CheckName, HeadSHA: run.Head, DetailsURL: optional(run.DetailsURL), ExternalID: optional(run.ExternalID),
		Status: runStatus(run.Output, whole), Conclusion: conclusion(run.Output, whole),
		Output: output(run.Output, first), Actions: actions(run.Output, whole),
	})
	if err != nil {
		return 0, wrap(err, "create the check run on %.12s of %s", run.Head, repo)
	}
	run.ID, run.Annotations = created.GetID(), len(first)
	if !whole {
		if err := c.UpdateCheckRun(ctx, repo, run); err != nil {
			return run.ID, err
		}
	}
	return run.ID, nil
}

// UpdateCheckRun sends what the run lacks, one request after the other.
func (c *Client) UpdateCheckRun(ctx context.Context, repo app.Repository, run app.CheckRun) error {
	rest := run.Output.Annotations[min(run.Annotations, len(run.Output.Annotations)):]
	for {
		var first []report.Annotation
		first, rest = batch(rest)
		whole := len(rest) == 0
		_, _, err := c.in(repo, reviewing).Checks.UpdateCheckRun(ctx, repo.Owner, repo.Name, run.ID, github.UpdateCheckRunOptions{
			Name: app.CheckName, DetailsURL: optional(run.DetailsURL), ExternalID: optional(run.ExternalID),
			Status: runStatus(run.Output, whole), Conclusion: conclusion(run.Output, whole),
			Output: output(run.Output, first), Actions: actions(run.Output, whole),
		})
		if err != nil {
			return wrap(err, "update the check run on %.12s of %s", run.Head, repo)
		}
		if whole {
			return nil
		}
	}
}

// FindCheckRun finds the newest run of that external id.
func (c *Client) FindCheckRun(ctx context.Context, repo app.Repository, head, externalID string) (app.CheckRun, error) {
	var newest *github.CheckRun
	err := pages(ctx, func(ctx context.Context, page *github.ListOptions) (*github.Response, error) {
		runs, resp, err := c.in(repo, reviewing).Checks.ListCheckRunsForRef(ctx, repo.Owner, repo.Name, head, &github.ListCheckRunsOptions{
			CheckName: new(app.CheckName), AppID: &c.appID, Filter: new("all"), ListOptions: *page,
		})
		if err != nil {
			return nil, err
		}
		for _, run := range runs.CheckRuns {
			if run.GetExternalID() == externalID && run.GetID() > newest.GetID() {
				newest = run
			}
		}
		return resp, nil
	})
	if err == nil && newest == nil {
		err = app.ErrNotFound
	}
	if err != nil {
		return app.CheckRun{}, wrap(err, "find the check run on %.12s of %s", head, repo)
	}
	return app.CheckRun{
		ID: newest.GetID(), Head: newest.GetHeadSHA(), ExternalID: newest.GetExternalID(), DetailsURL: newest.GetDetailsURL(),
		Annotations: newest.GetOutput().GetAnnotationsCount(),
		Output: report.CheckRun{
			Conclusion: report.Conclusion(newest.GetConclusion()), Title: newest.GetOutput().GetTitle(),
			Summary: newest.GetOutput().GetSummary(), Text: newest.GetOutput().GetText(),
		},
	}, nil
}

// batch cuts off as many annotations as one request takes.
func batch(all []report.Annotation) (first, rest []report.Annotation) {
	n := min(len(all), maxAnnotations)
	return all[:n], all[n:]
}

func runStatus(o report.CheckRun, whole bool) *string {
	if o.Conclusion == "" || !whole {
		return new("in_progress")
	}
	return new("completed")
}

func conclusion(o report.CheckRun, whole bool) *string {
	if !whole {
		return nil
	}
	return optional(string(o.Conclusion))
}

// actions are the buttons, which GitHub shows only on a completed run.
func actions(o report.CheckRun, whole bool) []*github.CheckRunAction {
	if !whole || o.Conclusion == "" {
		return nil
	}
	var list []*github.CheckRunAction
	for _, a := range o.Actions {
		list = append(list, &github.CheckRunAction{Label: a.Label, Description: a.Description, Identifier: a.Identifier})
	}
	return list
}

// output is nil when there is nothing to show yet: GitHub wants both title and summary.
func output(o report.CheckRun, annotations []report.Annotation) *github.CheckRunOutput {
	if o.Title == "" && o.Summary == "" {
		return nil
	}
	out := &github.CheckRunOutput{Title: &o.Title, Summary: &o.Summary, Text: optional(o.Text)}
	for _, a := range annotations {
		out.Annotations = append(out.Annotations, &github.CheckRunAnnotation{
			Path: &a.Path, StartLine: &a.StartLine, EndLine: &a.EndLine, StartColumn: optionalInt(a.StartColumn), EndColumn: optionalInt(a.EndColumn),
			AnnotationLevel: new(string(a.Level)), Title: optional(a.Title), Message: &a.Message,
		})
	}
	return out
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func optionalInt(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}
