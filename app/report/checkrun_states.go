package report

import "fmt"

// InProgress is a run that has begun.
func InProgress() CheckRun {
	return CheckRun{Title: "Reviewing", Summary: "Both sides of the change are being checked."}
}

// Unaffected is a run of a change to nothing that is checked.
func Unaffected() CheckRun {
	return CheckRun{
		Conclusion: Success, Title: "Nothing to check",
		Summary: "This change touches no Dockerfile, no Helm chart and no Kubernetes manifest.",
	}
}

// Paused is a run of a pull request that people want to be left alone.
func Paused() CheckRun {
	return CheckRun{
		Conclusion: Neutral, Title: "Paused",
		Summary: "This commit has not been reviewed: somebody paused chiselbot on this pull request. `/chisel resume` in a comment ends that, and *" + Recheck.Label + "* reviews this commit alone.",
		Actions: []Action{Recheck},
	}
}

// Superseded is a run that ended because there is a newer commit.
func Superseded(head string) CheckRun {
	return CheckRun{
		Conclusion: Cancelled, Title: "Superseded",
		Summary: fmt.Sprintf("The pull request moved on to %s, which has a review of its own.", head),
		Actions: []Action{Recheck},
	}
}

// GaveUp is a run that could not be completed. because is a sentence without anything of
// strangers in it, job the number under which the operator finds it in the log.
func GaveUp(because string, job int64) CheckRun {
	return CheckRun{
		Conclusion: Neutral, Title: "Could not be reviewed",
		Summary: fmt.Sprintf("### ⚠️ This commit has not been reviewed\n\n%s\n\n**What to do:** press *%s*. "+
			"If that does not help, tell who operates chiselbot here that job %d failed.\n", because, Recheck.Label, job),
		Actions: []Action{Recheck},
	}
}

// SameAs is the summary of a merge group that has the files of a reviewed pull request.
func SameAs(number int, summary string) string {
	return fmt.Sprintf("These are the files of pull request %d on the same base, as reviewed there:\n\n%s", number, summary)
}
