package github

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"time"

	"github.com/google/go-github/v57/github"

	"github.com/chiselbot/chiselbot/app"
)

// pages calls get for one page of a list after the other until the last.
func pages(ctx context.Context, get func(context.Context, *github.ListOptions) (*github.Response, error)) error {
	page := &github.ListOptions{PerPage: 100}
	for {
		resp, err := get(ctx, page)
		if err != nil || resp.NextPage == 0 {
			return err
		}
		page.Page = resp.NextPage
	}
}

// errEnough ends a list whose reader wants no more.
var errEnough = errors.New("enough")

// sequence is a list as an iterator. It ends with the first error.
func sequence[T any](list func(yield func(T) error) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := list(func(one T) error {
			if !yield(one, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			var none T
			yield(none, err)
		}
	}
}

// Installations lists who installed the App.
func (c *Client) Installations(ctx context.Context) iter.Seq2[app.Installation, error] {
	return sequence(func(yield func(app.Installation) error) error {
		return wrap(pages(ctx, func(ctx context.Context, page *github.ListOptions) (*github.Response, error) {
			list, resp, err := c.own.Apps.ListInstallations(ctx, page)
			if err != nil {
				return nil, err
			}
			for _, i := range list {
				if err := yield(app.Installation{ID: i.GetID(), Account: i.GetAccount().GetLogin(), Suspended: i.SuspendedAt != nil}); err != nil {
					return nil, err
				}
			}
			return resp, nil
		}), "list installations")
	})
}

// Repositories lists those of an installation that can be reviewed.
func (c *Client) Repositories(ctx context.Context, installation int64) iter.Seq2[app.Repository, error] {
	return sequence(func(yield func(app.Repository) error) error {
		return wrap(pages(ctx, func(ctx context.Context, page *github.ListOptions) (*github.Response, error) {
			list, resp, err := c.in(app.Repository{Installation: installation}, naming).Apps.ListRepos(ctx, page)
			if err != nil {
				return nil, err
			}
			for _, r := range list.Repositories {
				if r.GetArchived() || r.GetDisabled() {
					continue
				}
				repo := app.Repository{Installation: installation, ID: r.GetID(), Owner: r.GetOwner().GetLogin(), Name: r.GetName()}
				if err := yield(repo); err != nil {
					return nil, err
				}
			}
			return resp, nil
		}), "list the repositories of installation %d", installation)
	})
}

// Deliveries lists attempts from the newest back to an instant.
func (c *Client) Deliveries(ctx context.Context, since time.Time) iter.Seq2[app.Delivery, error] {
	return sequence(func(yield func(app.Delivery) error) error {
		page := &github.ListCursorOptions{PerPage: 100}
		for {
			list, resp, err := c.own.Apps.ListHookDeliveries(ctx, page)
			if err != nil {
				return wrap(err, "list deliveries")
			}
			for _, d := range list {
				if d.GetDeliveredAt().Before(since) {
					return nil
				}
				if err := yield(app.Delivery{
					ID: d.GetID(), GUID: d.GetGUID(), Event: d.GetEvent(), Action: d.GetAction(), Delivered: d.GetDeliveredAt().Time, Status: d.GetStatusCode(),
				}); err != nil {
					return err
				}
			}
			if resp.Cursor == "" {
				return nil
			}
			page.Cursor = resp.Cursor
		}
	})
}

// Redeliver asks for one more attempt. GitHub takes the wish and says no more.
func (c *Client) Redeliver(ctx context.Context, id int64) error {
	_, _, err := c.own.Apps.RedeliverHookDelivery(ctx, id)
	if accepted := (*github.AcceptedError)(nil); errors.As(err, &accepted) {
		return nil
	}
	return wrap(err, "redeliver delivery %d", id)
}

// Self asks who we are.
func (c *Client) Self(ctx context.Context) (app.Identity, error) {
	req, err := c.own.NewRequest(http.MethodGet, "app", nil)
	if err != nil {
		return app.Identity{}, wrap(err, "ask who we are")
	}
	var self struct { // the library's type knows only the permissions of its day
		ID          int64             `json:"id"`
		Slug        string            `json:"slug"`
		Permissions map[string]string `json:"permissions"`
		Events      []string          `json:"events"`
	}
	if _, err := c.own.Do(ctx, req, &self); err != nil {
		return app.Identity{}, wrap(err, "ask who we are")
	}
	return app.Identity(self), nil
}

// Convert exchanges the code of a registration from a manifest for the App's credentials,
// once and within the hour.
// https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
func Convert(ctx context.Context, host, code string, transport http.RoundTripper) (app.Credentials, error) {
	at, err := endpointOf(host)
	if err != nil {
		return app.Credentials{}, err
	}
	client := github.NewClient(&http.Client{Transport: transport})
	client.BaseURL, client.UserAgent = at.rest, "chiselbot"
	made, _, err := client.Apps.CompleteAppManifest(ctx, code)
	if err != nil {
		return app.Credentials{}, wrap(err, "register the App")
	}
	return app.Credentials{
		AppID: made.GetID(), Slug: made.GetSlug(), Host: host, PrivateKey: made.GetPEM(), WebhookSecrets: []string{made.GetWebhookSecret()},
		ClientID: made.GetClientID(), ClientSecret: made.GetClientSecret(),
	}, nil
}
