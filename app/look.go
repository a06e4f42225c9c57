package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// together is how many jobs are put into the queue at once.
const together = 200

// pullKey is the key of a review that no webhook asked for.
func pullKey(pr PullRequest) string {
	return fmt.Sprintf("pull/%d/%d/%s/%s", pr.Repository.ID, pr.Number, pr.Head, pr.BaseBranch)
}

// lookAtRepository has every open pull request reviewed whose head has no completed run.
func (a *App) lookAtRepository(ctx context.Context, job LookAtRepository) error {
	var found []Job
	for head, err := range a.GitHub.OpenPullRequests(ctx, job.Repository) {
		if err != nil {
			return err
		}
		wanted := job.Again != ""
		if !wanted && !head.Checked {
			// A repository may want no run on what changes nothing that is checked.
			done, err := a.finished(ctx, head.PullRequest)
			if err != nil {
				return err
			}
			wanted = !done
		}
		if !wanted {
			continue
		}
		found = append(found, ReviewPullRequest{
			Cause:      Cause{Key: pullKey(head.PullRequest) + "/" + job.Again},
			Repository: job.Repository, Number: head.Number, Head: head.Head, Again: job.Again,
		})
	}
	if len(found) > 0 {
		a.Logger.InfoContext(ctx, "review what was missed", slog.Int("pull_requests", len(found)))
	}
	if job.Branch != "" {
		found = append(found, KeepProposal{Cause: Cause{Key: fmt.Sprintf("keep/%d/%s", job.Repository.ID, job.Again)}, Repository: job.Repository, Branch: job.Branch})
	}
	if err := a.enqueue(ctx, found); err != nil {
		return err
	}
	return a.sweepIfDue(ctx, job.Repository, job.Again)
}

func (a *App) finished(ctx context.Context, pr PullRequest) (bool, error) {
	runs, err := a.Memory.RunsOf(ctx, pr.Repository.ID, pr.Head)
	if err != nil {
		return false, err
	}
	id := externalID(Subject{Number: pr.Number}, pr.Head, pr.BaseBranch, "")
	for _, run := range runs {
		if run.ExternalID == id && run.State == Finished && run.CheckRun == 0 {
			return true, nil
		}
	}
	return false, nil
}

func (a *App) enqueue(ctx context.Context, found []Job) error {
	for len(found) > 0 {
		n := min(len(found), together)
		if err := a.queue.Enqueue(ctx, found[:n]...); err != nil {
			return err
		}
		found = found[n:]
	}
	return nil
}

// lookAtInstallation looks at repositories one by one.
func (a *App) lookAtInstallation(ctx context.Context, job LookAtInstallation) error {
	look := func(repo Repository) Job {
		return LookAtRepository{Cause: Cause{Key: fmt.Sprintf("repository/%d/%s", repo.ID, job.Again)}, Repository: repo, Again: job.Again}
	}
	var found []Job
	for _, repo := range job.Repositories {
		found = append(found, look(repo))
	}
	if len(job.Repositories) == 0 {
		for repo, err := range a.GitHub.Repositories(ctx, job.Installation) {
			if err != nil {
				return err
			}
			found = append(found, look(repo))
		}
	}
	return a.enqueue(ctx, found)
}

// lookAround looks at every installation.
func (a *App) lookAround(ctx context.Context) error {
	var found []Job
	for i, err := range a.GitHub.Installations(ctx) {
		if err != nil {
			return err
		}
		if !i.Suspended {
			found = append(found, LookAtInstallation{Cause: Cause{Key: fmt.Sprintf("installation/%d", i.ID)}, Installation: i.ID})
		}
	}
	return a.enqueue(ctx, found)
}

// recheck reviews again what is remembered of a head. Of what is not, the repository's
// listing knows more.
func (a *App) recheck(ctx context.Context, job Recheck) error {
	runs, err := a.Memory.RunsOf(ctx, job.Repository.ID, job.Head)
	if err != nil {
		return err
	}
	var found []Job
	seen := map[Subject]bool{}
	for _, run := range runs {
		subject, ok := SubjectOf(run.ExternalID)
		if !ok || seen[subject] {
			continue
		}
		seen[subject] = true
		cause := Cause{Key: fmt.Sprintf("%s/%d%s", job.Again, subject.Number, subject.Base)}
		if subject.Number > 0 {
			found = append(found, ReviewPullRequest{Cause: cause, Repository: job.Repository, Number: subject.Number, Head: job.Head, Again: job.Again})
		} else {
			found = append(found, AnswerMergeGroup{Cause: cause, Repository: job.Repository, Head: job.Head, Base: subject.Base, Again: job.Again})
		}
	}
	if len(found) == 0 {
		found = append(found, LookAtRepository{Cause: Cause{Key: fmt.Sprintf("repository/%d/", job.Repository.ID)}, Repository: job.Repository})
	}
	return a.enqueue(ctx, found)
}

const (
	// redeliveryWindow is how far back a GitHub Enterprise Server can deliver again. The log
	// of github.com ends after three days.
	// https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
	redeliveryWindow = 7 * 24 * time.Hour
	// overlap is how much of the log is read a second time, for attempts that had not ended.
	overlap = 2 * time.Minute
	// maxRedeliveries is how often one delivery is asked for again.
	maxRedeliveries = 5
	// maxRemembered is how many deliveries that did not reach us are remembered.
	maxRemembered = 10_000
)

// redeliver asks for the deliveries that did not reach us since the log was last read.
// Attempts of the same delivery count as one: it reached us if any did.
func (a *App) redeliver(ctx context.Context) error {
	now := time.Now()
	since, err := a.Memory.DeliveriesRead(ctx)
	if err != nil {
		return err
	}
	if oldest := now.Add(-redeliveryWindow); since.Before(oldest) {
		since = oldest
	}
	var lost []Delivery // the newest attempt of each
	seen := map[string]bool{}
	reached := map[string]bool{}
	for d, err := range a.GitHub.Deliveries(ctx, since.Add(-overlap)) {
		if err != nil {
			return err
		}
		if d.Status >= 200 && d.Status < 300 {
			reached[d.GUID] = true
		}
		if !seen[d.GUID] {
			seen[d.GUID] = true
			lost = append(lost, d)
		}
	}
	asked := 0
	for _, d := range lost {
		if reached[d.GUID] || !a.mayRedeliver(d.GUID) {
			continue
		}
		switch err := a.GitHub.Redeliver(ctx, d.ID); {
		case err == nil:
			asked++
		case errors.Is(err, ErrNotFound), errors.Is(err, ErrForbidden), errors.Is(err, ErrInvalid):
			// It is too old by now. What it told of is found by looking around.
			a.Logger.WarnContext(ctx, "could not ask for a delivery that did not reach us", slog.String("delivery", d.GUID), slog.Any("error", err))
		default:
			return err
		}
	}
	if asked > 0 {
		a.Logger.WarnContext(ctx, "ask for deliveries that did not reach us", slog.Int("deliveries", asked))
	}
	return a.Memory.SaveDeliveriesRead(ctx, now)
}

// mayRedeliver counts how often a delivery was asked for. What we refuse again and again
// will not be taken a sixth time.
func (a *App) mayRedeliver(guid string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.redelivered) > maxRemembered {
		clear(a.redelivered)
	}
	a.redelivered[guid]++
	return a.redelivered[guid] <= maxRedeliveries
}
