// Package chiseled is the recipe that moves images of .NET applications to Ubuntu
// chiseled base images: the choice of the tag and every other line that has to change
// because the new image has no shell, no package manager, no accounts but root and app,
// and does not run as root.
//
// Each kind of change is a rewrite with a page of its own: x.go does it, x.md says what
// and why, x.txtar has its cases. A rewrite that cannot be sure says so with a reason,
// and one reason is enough to leave the whole image alone. The package reads the tree and
// nothing else; it asks no registry, so that what a tag means is what package base knows.
package chiseled

import (
	"context"
	"embed"
	"slices"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/fixes"
)

// Variant says which of the chiseled images is taken.
type Variant string

// The variants. ByEvidence takes the image with ICU and time zones unless the projects
// are known to do without.
const (
	ByEvidence Variant = ""
	Extra      Variant = "extra"
	Plain      Variant = "plain"
)

// Options say what the recipe may do beside moving an image in place.
type Options struct {
	// Upgrade moves images of .NET versions that are out of support to the newest
	// supported one, where the projects already target it.
	Upgrade bool
	Variant Variant
	// ReadOnly makes the root file systems of the containers read-only, with a folder for
	// temporary files.
	ReadOnly bool
}

// A Rewrite is one kind of change.
type Rewrite struct {
	// ID is the stem of the rewrite's files.
	ID string
	// Title says in a few words what it does.
	Title string
	// Doc is its page in Markdown, URL where that is published.
	Doc, URL string

	// do adds to the plan; it is nil for what the fixes of rules do, which the recipe
	// follows.
	do func(*migration)
}

//go:embed *.md
var pages embed.FS

const (
	recipePage = "chiseled"
	folder     = "https://github.com/chiselbot/chiselbot/blob/main/fixes/chiseled/"
)

func page(id string) string {
	text, err := pages.ReadFile(id + ".md")
	if err != nil {
		panic(err) // the page is compiled in; its absence cannot survive the first test
	}
	return string(text)
}

func pageURL(id string) string { return folder + id + ".md" }

// Rewrites are all rewrites in the order in which they are done.
func Rewrites() []*Rewrite {
	all := []*Rewrite{
		{ID: "base-image", Title: "Choose the chiseled image", do: (*migration).baseImage},
		{ID: "platform", Title: "Build the final stage for the target", do: (*migration).platform},
		{ID: "account", Title: "Use the account of the image", do: (*migration).accounts},
		{ID: "build-stage", Title: "Do in an earlier stage what needs a shell", do: (*migration).runs},
		{ID: "volume", Title: "Give volumes an owner", do: (*migration).volumes},
		{ID: "exec-form", Title: "Start the application without a shell", do: (*migration).starts},
		{ID: "healthcheck", Title: "Check health without a shell", do: (*migration).healthchecks},
		{ID: "ports", Title: "Listen above port 1024", do: (*migration).ports},
		{ID: "chart", Title: "Fit charts and manifests to the image"},
		{ID: "probe", Title: "Ask and wait without a program of the image"},
		{ID: "command", Title: "Start containers without a shell"},
		{ID: "read-only", Title: "Give .NET a folder where the root file system is read-only"},
		{ID: "alpine", Title: "Build for glibc instead of musl", do: (*migration).alpine},
		{ID: "glibc", Title: "Compile with a C library that the image has", do: (*migration).glibc},
		{ID: "sdk", Title: "Build with an SDK that knows the framework", do: (*migration).sdks},
		{ID: "programs", Title: "Look for programs that the application starts", do: (*migration).programs},
		{ID: "files", Title: "Look for files that the application writes", do: (*migration).files},
	}
	for _, r := range all {
		r.Doc, r.URL = page(r.ID), pageURL(r.ID)
	}
	return all
}

// Recipe is the migration to chiseled images.
func Recipe(o Options) *fixes.Recipe {
	rewrites, follows := Rewrites(), follows
	if o.ReadOnly {
		follows = append(slices.Clip(follows), readOnly)
	}
	return &fixes.Recipe{
		ID: "chiseled", Title: "Move .NET images to Ubuntu chiseled", Doc: page(recipePage), URL: pageURL(recipePage),
		Follows: follows,
		Plan:    func(ctx context.Context, s fixes.Subject) (*fixes.Plan, error) { return plan(ctx, s, o, rewrites) },
	}
}

// follows are the rules whose fixes make a pod fit its chiseled image: its ports and its
// user, what it calls that the image does not have, and what Pod Security's restricted
// profile asks for, which a chiseled image takes without complaint.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
var follows = []fixes.Follow{
	{Rule: "ports-apart", Fields: []string{"containerPort", "targetPort", "port", "prometheus.io/port", "env", "data", "args"}},
	{Rule: "container-low-port", Fields: []string{"containerPort", "targetPort", "port", "prometheus.io/port", "env", "data"}},
	{Rule: "run-as-user", Fields: []string{"runAsUser", "runAsGroup"}},
	{Rule: "run-as-non-root", Fields: []string{"runAsNonRoot"}, Block: "runAsNonRoot: true"},
	{Rule: "no-run-as-user", Fields: []string{"runAsUser"}},
	{Rule: "privilege-escalation", Fields: []string{"allowPrivilegeEscalation"}, Block: "allowPrivilegeEscalation: false"},
	{Rule: "drop-capabilities", Fields: []string{"capabilities"}, Block: "capabilities:\n  drop:\n    - ALL"},
	{Rule: "seccomp-profile", Fields: []string{"seccompProfile"}, Block: "seccompProfile:\n  type: RuntimeDefault"},
	{Rule: "container-needs-shell", Fields: []string{"startupProbe", "readinessProbe", "livenessProbe", "preStop", "command", "args"}},
	{Rule: "read-only-tmp", Fields: []string{"volumes", "volumeMounts"}},
	{Rule: "volume-group", Fields: []string{"fsGroup"}},
}

// readOnly is followed only where a person asks for it: what the application writes is not
// known.
var readOnly = fixes.Follow{
	Rule: "writable-root", Fields: []string{"readOnlyRootFilesystem", "volumes", "volumeMounts"}, Block: "readOnlyRootFilesystem: true",
}

// plan plans for one Dockerfile.
func plan(ctx context.Context, s fixes.Subject, o Options, rewrites []*Rewrite) (*fixes.Plan, error) {
	m := &migration{Subject: s, options: o, plan: &fixes.Plan{Recipe: "chiseled", File: s.File.File}, moved: map[*dockerfile.Stage]bool{}, chosen: map[*dockerfile.Stage]base.Reference{}, folders: map[*dockerfile.Stage]map[string]bool{}}
	if !m.findImages() {
		return nil, nil
	}
	for _, r := range rewrites {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if m.rewrite = r; m.refused() {
			break
		}
		if r.do != nil {
			r.do(m)
		}
	}
	return m.finish()
}
