package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v57/github"

	"github.com/chiselbot/chiselbot/app"
)

// wrap says what was being done, and turns GitHub's answer into one of package app's
// errors. Only GitHub's own words are kept of it: no header, no address with a query.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, translate(err))...)
}

func translate(err error) error {
	if limited := (*app.RateLimited)(nil); errors.As(err, &limited) {
		return limited
	}
	// The library remembers that nothing is left and does not even ask.
	if limit := (*github.RateLimitError)(nil); errors.As(err, &limit) {
		return &app.RateLimited{Until: limit.Rate.Reset.Time}
	}
	if answer := (*github.ErrorResponse)(nil); errors.As(err, &answer) {
		return status(answer.Response.StatusCode, words(answer))
	}
	if token := (*ghinstallation.HTTPError)(nil); errors.As(err, &token) && token.Response != nil {
		answer := &github.ErrorResponse{}
		if e := github.CheckResponse(token.Response); e != nil {
			_ = errors.As(e, &answer) // without words the status has to do
		}
		switch {
		case token.Response.StatusCode != http.StatusUnprocessableEntity:
		case strings.Contains(answer.Message, "repository that does not exist"):
			return fmt.Errorf("get a token: %s: %w", words(answer), app.ErrNotFound)
		default: // a permission was not granted
			return fmt.Errorf("get a token: %s: %w", words(answer), app.ErrForbidden)
		}
		return fmt.Errorf("get a token: %w", status(token.Response.StatusCode, words(answer)))
	}
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			return end
		}
	}
	if request := (*url.Error)(nil); errors.As(err, &request) {
		return request.Err
	}
	return err
}

// status is the error that a status stands for.
func status(code int, says string) error {
	switch code {
	case http.StatusNotFound, http.StatusGone, http.StatusUnavailableForLegalReasons:
		return fmt.Errorf("%s: %w", says, app.ErrNotFound)
	case http.StatusUnauthorized, http.StatusForbidden:
		if strings.Contains(says, "archived") {
			return fmt.Errorf("%s: %w", says, app.ErrArchived)
		}
		return fmt.Errorf("%s: %w", says, app.ErrForbidden)
	case http.StatusUnprocessableEntity, http.StatusConflict:
		for _, k := range known {
			if strings.Contains(strings.ToLower(says), k.words) {
				return fmt.Errorf("%s: %w", says, k.err)
			}
		}
		if code == http.StatusUnprocessableEntity {
			return fmt.Errorf("%s: %w", says, app.ErrInvalid)
		}
	}
	return fmt.Errorf("GitHub answered %d: %s", code, says)
}

// known are the words of refusals that people can do something about. GitHub gives them
// no other mark.
// https://docs.github.com/en/rest/git/refs#update-a-reference
var known = []struct {
	words string
	err   error
}{
	{"protected branch", app.ErrProtected},
	{"rule violations", app.ErrProtected},
	{"changes must be made through a pull request", app.ErrProtected},
	{"a pull request already exists", app.ErrExists},
}

// words are what an answer says.
func words(answer *github.ErrorResponse) string {
	list := []string{strings.Join(strings.Fields(answer.Message), " ")}
	for _, e := range answer.Errors {
		switch {
		case e.Message != "":
			list = append(list, e.Message)
		case e.Field != "":
			list = append(list, e.Field+" "+e.Code)
		}
	}
	list = slices.DeleteFunc(list, func(s string) bool { return s == "" })
	if len(list) == 0 {
		return "without a word"
	}
	return strings.Join(list, "; ")
}
