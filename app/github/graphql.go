package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-github/v57/github"

	"github.com/chiselbot/chiselbot/app"
)

// query asks GraphQL and decodes the data into out. An error beside the data is an error:
// half an answer is none.
func (c *Client) query(ctx context.Context, repo app.Repository, text string, variables map[string]any, out any) error {
	client := c.in(repo, reviewing)
	req, err := client.NewRequest(http.MethodPost, c.endpoint.graphql.String(), map[string]any{"query": text, "variables": variables})
	if err != nil {
		return err
	}
	var answer struct {
		Data   json.RawMessage `json:"data"`
		Errors []queryError    `json:"errors"`
	}
	// Not by the library, which would take GraphQL's limit for that of REST.
	resp, err := client.Client().Do(req.WithContext(ctx))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := github.CheckResponse(resp); err != nil {
		return err
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return fmt.Errorf("read GraphQL's answer: %w", err)
	}
	if len(answer.Errors) > 0 {
		return c.queryProblem(repo, resp.Header, answer.Errors)
	}
	if err := json.Unmarshal(answer.Data, out); err != nil {
		return fmt.Errorf("read GraphQL's answer: %w", err)
	}
	return nil
}

type queryError struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

// queryProblem is what errors of GraphQL's mean, which come with status 200, a limit too.
func (c *Client) queryProblem(repo app.Repository, header http.Header, list []queryError) error {
	var says []string
	for _, e := range list {
		switch e.Type {
		case "RATE_LIMITED":
			t := c.transport(repo.Installation)
			quota, known := t.quota(header)
			if !known {
				quota.Reset = time.Now().Add(minSilence)
			}
			return t.gate.shut(quota.Reset, false)
		case "NOT_FOUND":
			return status(http.StatusNotFound, e.Message)
		case "FORBIDDEN", "INSUFFICIENT_SCOPES":
			return status(http.StatusForbidden, e.Message)
		}
		says = append(says, e.Message)
	}
	return errors.New("GraphQL answered: " + strings.Join(says, "; "))
}
