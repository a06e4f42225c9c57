package app

import (
	"errors"
	"fmt"
	"time"
)

// What a use case has to tell apart of GitHub's answers. All else is worth another
// attempt.
var (
	// ErrNotFound is a thing that is not there, or no longer, or not for us: 404, 410 and
	// 451.
	ErrNotFound = errors.New("not found")
	// ErrForbidden is what the App may not do: 401 and 403 that are no rate limit, as when
	// a permission is missing, the installation is suspended or the repository archived.
	ErrForbidden = errors.New("forbidden")
	// ErrInvalid is a request that GitHub understands and does not accept: 422. Another
	// attempt with the same bytes has the same end.
	ErrInvalid = errors.New("not accepted by GitHub")
	// ErrBusy is a pull request that another job is about to open.
	ErrBusy = errors.New("another job opens the pull request")
	// ErrArchived is a repository that is read-only, an [ErrForbidden] too.
	ErrArchived = fmt.Errorf("the repository is archived: %w", ErrForbidden)
	// ErrProtected is a branch to which the App may not push, and ErrExists a pull request
	// from a branch that has one already. Both are an [ErrInvalid] too.
	ErrProtected = fmt.Errorf("the branch is protected: %w", ErrInvalid)
	ErrExists    = fmt.Errorf("there is such a pull request: %w", ErrInvalid)
)

// RateLimited is GitHub asking for silence.
type RateLimited struct {
	// Until is when the installation may ask again.
	Until time.Time
	// Secondary is a limit of GitHub's that no header announces; to go on nevertheless may
	// get the App banned.
	Secondary bool
	// Content means that only what creates content has to wait: it is our own count.
	Content bool
}

func (e *RateLimited) Error() string {
	kind := "primary"
	if e.Secondary {
		kind = "secondary"
	}
	return fmt.Sprintf("GitHub's %s rate limit is reached; ask again at %s", kind, e.Until.UTC().Format(time.RFC3339))
}
