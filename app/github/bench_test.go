package github_test

import (
	"fmt"
	"testing"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/github"
	"github.com/chiselbot/chiselbot/app/githubtest"
)

// BenchmarkReview is all that a warm review of a pull request asks of GitHub, with the
// GitHub in the same process: what both cost together.
func BenchmarkReview(b *testing.B) {
	g, err := githubtest.Start(githubtest.Options{Limits: &githubtest.Limits{}, Report: func(problem string) { b.Error(problem) }})
	if err != nil {
		b.Fatal(err)
	}
	defer g.Close()
	g.AddOrganization("acme")
	g.AddUser("alice")
	repo := g.AddRepository("acme/shop", reviewFiles()...)
	for i := range 30 {
		repo.Push("alice", "main", "Files", githubtest.Write(fmt.Sprintf("src/%d/main.go", i), "package main\n"))
	}
	registered := g.AddApp("acme", githubtest.App{Slug: "chiselbot", PrivateKey: key(), Permissions: github.Permissions})
	inst := g.Install(registered, "acme")
	client, err := github.New(github.Config{
		Credentials: app.Credentials{AppID: registered.ID, Slug: registered.Slug, Host: g.URL, PrivateKey: registered.PrivateKey},
		Objects:     &objects{known: map[string][]byte{}}, Ledger: &ledger{},
	})
	if err != nil {
		b.Fatal(err)
	}
	at := app.Repository{Installation: inst.ID, ID: repo.ID, Owner: "acme", Name: "shop"}
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		branch := fmt.Sprint("topic-", i)
		repo.Push("alice", branch, "Change", githubtest.Write("Dockerfile", fmt.Sprintf("FROM busybox:%d\n", i)))
		number := repo.OpenPull("alice", "x", branch, "main").Number
		b.StartTimer()
		if err := review(b.Context(), client, at, number, 3, false); err != nil {
			b.Fatal(err)
		}
	}
}
