package jobs

import (
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/chiselbot/chiselbot/app"
)

// The queues, from urgent to idle. Each has workers of its own, so that the less urgent
// never stands in the way, nor a proposal whose images take half an hour to build in that
// of what takes seconds.
const (
	pullRequests   = "pull-requests"
	commands       = "commands"
	proposals      = "proposals"
	sweeps         = "sweeps"
	sweepProposals = "sweep-proposals"
)

func queues(workers int) map[string]river.QueueConfig {
	return map[string]river.QueueConfig{
		pullRequests:   {MaxWorkers: workers},
		commands:       {MaxWorkers: max(1, workers/2)},
		proposals:      {MaxWorkers: max(2, workers/2)},
		sweeps:         {MaxWorkers: max(1, workers/2)},
		sweepProposals: {MaxWorkers: max(1, workers/4)},
	}
}

var urgency = map[string]app.Urgency{
	pullRequests: app.Waiting, commands: app.Asked, proposals: app.Asked, sweeps: app.Idle, sweepProposals: app.Idle,
}

// builds reports whether the jobs of a queue may have images built.
func builds(queue string) bool { return queue == proposals || queue == sweepProposals }

// A kind is how jobs of one kind are worked.
type kind struct {
	name  string
	queue string
	// timeout is without the time for builds.
	timeout  time.Duration
	attempts int
	register func(*river.Workers, *Queue)
}

// kinds are all kinds of jobs. Attempts are so many that GitHub may be away for an hour;
// who waits for a pull request is told after that.
var kinds = []kind{
	kindOf[app.ReviewPullRequest](pullRequests, 3*time.Minute, 8),
	kindOf[app.AnswerMergeGroup](pullRequests, 3*time.Minute, 8),
	kindOf[app.Recheck](commands, time.Minute, 6),
	kindOf[app.Command](commands, 2*time.Minute, 6),
	kindOf[app.KeepProposal](proposals, 5*time.Minute, 6),
	kindOf[app.NoteProposal](commands, time.Minute, 6),
	kindOf[app.Propose](proposals, 5*time.Minute, 6),
	kindOf[app.SuggestFixes](commands, 3*time.Minute, 4),
	kindOf[app.Sweep](sweepProposals, 10*time.Minute, 4),
	kindOf[app.LookAtRepository](sweeps, 5*time.Minute, 4),
	kindOf[app.LookAtInstallation](sweeps, 10*time.Minute, 4),
	kindOf[app.LookAround](sweeps, 10*time.Minute, 3),
	kindOf[app.Redeliver](sweeps, 10*time.Minute, 3),
}

func kindOf[J app.Job](queue string, timeout time.Duration, attempts int) kind {
	var zero J
	k := kind{name: zero.Kind(), queue: queue, timeout: timeout, attempts: attempts}
	k.register = func(workers *river.Workers, q *Queue) {
		river.AddWorker(workers, &worker[J]{queue: q, kind: k})
	}
	return k
}

// insertion is how a job is taken in.
func insertion(job app.Job) river.InsertManyParams {
	for _, k := range kinds {
		if k.name != job.Kind() {
			continue
		}
		queue, priority := k.queue, river.PriorityDefault
		if queue == pullRequests && job.Origin().Delivery == "" {
			queue = sweeps // what a sweep found waits behind what people do now
		}
		if _, ok := job.(app.KeepProposal); ok {
			priority++ // nobody waits for it as for what was asked for
		}
		return river.InsertManyParams{Args: job, InsertOpts: &river.InsertOpts{
			Queue: queue, MaxAttempts: k.attempts, Priority: priority,
			// A done twin must not swallow a job, as it would by default: it was another
			// day. What was processed for good the store knows.
			UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished},
		}}
	}
	panic("no queue for jobs of kind " + job.Kind()) // the list above is tested to be whole
}

var unfinished = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
	rivertype.JobStateRunning, rivertype.JobStateScheduled,
}

// The schedule. Deliveries are looked after often, because a listing is one cheap request;
// to look at every pull request of every installation is not.
const (
	redeliverEvery  = 5 * time.Minute
	lookAroundEvery = time.Hour
)

// onSchedule is what runs at the start of a process and then again and again.
var onSchedule = []struct {
	every time.Duration
	job   app.Job
}{
	{redeliverEvery, app.Redeliver{Cause: app.Cause{Key: "schedule"}}},
	{lookAroundEvery, app.LookAround{Cause: app.Cause{Key: "schedule"}}},
}

func periodic() []*river.PeriodicJob {
	var jobs []*river.PeriodicJob
	for _, s := range onSchedule {
		jobs = append(jobs, river.NewPeriodicJob(river.PeriodicInterval(s.every), func() (river.JobArgs, *river.InsertOpts) {
			return s.job, insertion(s.job).InsertOpts
		}, nil))
	}
	return jobs
}
