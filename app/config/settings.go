// Package config reads what a repository sets for itself: which findings fail a
// review, which rules apply, which files are Dockerfiles and manifests, and how charts are
// rendered.
//
// It reads strictly and tells all that is wrong with a file at once, each problem at
// its line and column. It knows neither git nor GitHub, and which rules exist only by
// the ids that it is given.
package config

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/source"
)

// Path is where a repository keeps its settings.
const Path = ".github/chiselbot.yml"

// otherPath is read too, because both endings are in use for YAML.
const otherPath = ".github/chiselbot.yaml"

// OwnersPath is where the owner of many repositories keeps settings for all of them, in
// the repository of the owner that is called .github.
const OwnersPath = "chiselbot.yml"

// Paths are all files that [Read] reads.
func Paths() []string { return []string{Path, otherPath} }

// Settings are what a repository sets for itself. The comments on the fields are also
// the descriptions in the schema, and so are written for those who edit the file.
type Settings struct {
	// The least severity of a new finding that fails a review. With none, no finding
	// does.
	FailOn checks.Severity `yaml:"fail-on,omitempty" jsonschema:"enum=error,enum=warning,enum=notice,enum=none,default=error"`
	// The severity of each rule that is not to have its own. A rule that is off finds
	// nothing.
	Rules map[string]checks.Severity `yaml:"rules,omitempty"`
	// What a pull request gets that changes nothing that is checked: a check run that
	// succeeds, or none. With none, a branch protection that requires the check waits in
	// vain.
	Unaffected Unaffected `yaml:"unaffected,omitempty" jsonschema:"enum=success,enum=none,default=success"`
	// The files that are checked as Dockerfiles, beside those known by their name.
	Dockerfiles Dockerfiles `yaml:"dockerfiles,omitempty"`
	// The files that are read as Kubernetes manifests when their content says so.
	Manifests Manifests `yaml:"manifests,omitempty"`
	// How charts are rendered that need more than their own values.
	Charts []Chart `yaml:"charts,omitempty" jsonschema:"maxItems=200"`
	// The Dockerfile that builds an image, by the image's name without a tag, where that
	// cannot be told from compose files, Skaffold files, workflows and names; empty for
	// an image from elsewhere.
	Images map[string]string `yaml:"images,omitempty"`
	// Registries, or parts of them, that have copies of the images of others: by the
	// beginning of the copies' names, that of the originals'.
	Mirrors base.Mirrors `yaml:"mirrors,omitempty"`
	// Where custom kinds of objects have their pods: paths of fields by kind and group.
	Pods map[string][]string `yaml:"pods,omitempty"`
	// The pull requests that chiselbot opens: when, how many, and what they look like.
	Proposals Proposals `yaml:"proposals,omitempty"`
	// What the command fix does: commit to the branch of the pull request, or open a pull
	// request against that branch.
	Fix Fix `yaml:"fix,omitempty" jsonschema:"enum=commit,enum=pull-request,default=commit"`
	// How many changes a review may suggest at the lines of a pull request, unasked and
	// never one twice. Only fixes that are certain are suggested.
	Suggestions int `yaml:"suggestions,omitempty" jsonschema:"minimum=0,maximum=20,default=0"`
	// What the command ignore does and who may give it.
	Ignore Ignore `yaml:"ignore,omitempty"`
	// Findings that are known and not reported, each with a reason.
	Ignores []Ignored `yaml:"ignores,omitempty" jsonschema:"maxItems=200"`
}

// Proposals are pull requests of chiselbot's own.
type Proposals struct {
	// When the default branch is looked through for images to move, as a cron expression
	// of five fields. Without it nothing is proposed unasked.
	Sweep string `yaml:"sweep,omitempty" jsonschema:"maxLength=100"`
	// The minutes in which pull requests may be opened, as a cron expression of five
	// fields. Without it they are all.
	Window string `yaml:"window,omitempty" jsonschema:"maxLength=100"`
	// The time zone of both, by its name in the IANA database.
	TimeZone string `yaml:"time-zone,omitempty" jsonschema:"maxLength=100,default=UTC"`
	// Whether .NET versions that are out of support are left for one in support, where the
	// projects target that. It holds for sweeps and for the command migrate, as if the
	// command had the flag; so do the next two.
	Upgrade bool `yaml:"upgrade,omitempty" jsonschema:"default=false"`
	// Images with or without ICU and time zones. With auto each has what its projects need.
	Variant Variant `yaml:"variant,omitempty" jsonschema:"enum=auto,enum=extra,enum=plain,default=auto"`
	// Whether the root file systems of the containers become read-only too, with a volume
	// at /tmp.
	ReadOnly bool `yaml:"read-only,omitempty" jsonschema:"default=false"`
	// How many may be open at once in the repository. That of the owner's settings is
	// the most that a repository can set.
	Open int `yaml:"open,omitempty" jsonschema:"minimum=0,maximum=100,default=5"`
	// How many may be open before the first one was merged or closed.
	AtFirst AtFirst `yaml:"at-first,omitempty" jsonschema:"enum=one,enum=many,default=one"`
	// How titles and the first lines of commits are written. With auto the recent history
	// of the branch decides.
	Titles Titles `yaml:"titles,omitempty" jsonschema:"enum=auto,enum=conventional,enum=plain,default=auto"`
	// Who is asked to review them.
	Reviewers Reviewers `yaml:"reviewers,omitempty" jsonschema:"enum=codeowners,enum=none,default=codeowners"`
	// The labels that they get. One that the repository does not have is made.
	Labels []string `yaml:"labels,omitempty" jsonschema:"maxItems=50,minLength=1,maxLength=50"`
	// The people to whom they are assigned, by their names on GitHub.
	Assignees []string `yaml:"assignees,omitempty" jsonschema:"maxItems=10,minLength=1,maxLength=40"`
}

// Ignore is the command ignore.
type Ignore struct {
	// The permission that it takes.
	Who Who `yaml:"who,omitempty" jsonschema:"enum=write,enum=admin,default=write"`
	// Where it writes: a comment beside the finding, on the branch of the pull request,
	// or an entry of ignores in the settings file, by a pull request.
	Where Where `yaml:"where,omitempty" jsonschema:"enum=branch,enum=settings,default=branch"`
}

// An Ignored is findings that are known.
type Ignored struct {
	// The id of the rule.
	Rule string `yaml:"rule"`
	// A glob of the files whose findings are meant, from the root of the repository. All
	// files without it.
	Path string `yaml:"path,omitempty" jsonschema:"minLength=1,maxLength=200"`
	// The last day on which they are not reported.
	Until string `yaml:"until,omitempty"`
	// Why.
	Reason string `yaml:"reason" jsonschema:"minLength=1,maxLength=500"`

	file *source.File
	span source.Span
}

// Dockerfiles are globs over paths from the root of the repository, with `**` for any
// number of folders.
type Dockerfiles struct {
	// Globs of files that are Dockerfiles although their names do not tell.
	Include []string `yaml:"include,omitempty" jsonschema:"maxItems=50,minLength=1,maxLength=200,pattern=^[^/!](.*[^/])?$"`
	// Globs of files that are not checked, whatever their names. They win over include.
	Exclude []string `yaml:"exclude,omitempty" jsonschema:"maxItems=50,minLength=1,maxLength=200,pattern=^[^/!](.*[^/])?$"`
}

// Manifests are globs over paths from the root of the repository.
type Manifests struct {
	// Globs of manifests whose names do not end in .yaml, .yml or .json.
	Include []string `yaml:"include,omitempty" jsonschema:"maxItems=50,minLength=1,maxLength=200,pattern=^[^/!](.*[^/])?$"`
	// Globs of files that are not checked, whatever they hold. A chart is left out by its
	// Chart.yaml.
	Exclude []string `yaml:"exclude,omitempty" jsonschema:"maxItems=50,minLength=1,maxLength=200,pattern=^[^/!](.*[^/])?$"`
}

// A Chart says how a chart is rendered. An entry with values files is a set of values of
// its own; one without holds for all sets.
type Chart struct {
	// The chart's folder, from the root of the repository.
	Path string `yaml:"path" jsonschema:"minLength=1"`
	// Values files that are laid over the chart's own values, from the chart's folder.
	Values []string `yaml:"values,omitempty" jsonschema:"maxItems=50"`
	// Assignments as for the flag --set of Helm.
	Set []string `yaml:"set,omitempty" jsonschema:"maxItems=50,pattern=="`
	// The version of Kubernetes that the cluster has.
	KubeVersion string `yaml:"kubeVersion,omitempty"`
	// What the cluster serves beside Kubernetes' own APIs.
	APIVersions []string `yaml:"apiVersions,omitempty" jsonschema:"maxItems=50"`
}

// settingsSource is embedded for the comments on the fields: they describe the schema.
//
//go:embed settings.go
var settingsSource string

// Unaffected is what a pull request gets that changes nothing that is checked.
type Unaffected string

// The values of [Unaffected].
const (
	Success Unaffected = "success"
	None    Unaffected = "none"
)

type (
	// Fix is what the command fix does.
	Fix string
	// Variant is what images have beside what all have.
	Variant string
	// AtFirst is how many proposals there may be at first.
	AtFirst string
	// Titles is how titles are written.
	Titles string
	// Reviewers is who is asked to review.
	Reviewers string
	// Who is the permission that the command ignore takes.
	Who string
	// Where is where the command ignore writes.
	Where string
)

// The values of those words.
const (
	FixCommits       Fix       = "commit"
	FixProposes      Fix       = "pull-request"
	AutoVariant      Variant   = "auto"
	Extra            Variant   = "extra"
	Plain            Variant   = "plain"
	One              AtFirst   = "one"
	Many             AtFirst   = "many"
	AutoTitles       Titles    = "auto"
	Conventional     Titles    = "conventional"
	PlainTitles      Titles    = "plain"
	CodeOwners       Reviewers = "codeowners"
	NoReviewers      Reviewers = "none"
	Writers          Who       = "write"
	Admins           Who       = "admin"
	IgnoreOnBranch   Where     = "branch"
	IgnoreInSettings Where     = "settings"
)

// Default are the settings of a repository that sets nothing.
func Default() *Settings {
	return &Settings{
		FailOn: checks.Error, Unaffected: Success, Fix: FixCommits, Ignore: Ignore{Who: Writers, Where: IgnoreOnBranch},
		Proposals: Proposals{TimeZone: "UTC", Variant: AutoVariant, Open: 5, AtFirst: One, Titles: AutoTitles, Reviewers: CodeOwners},
	}
}

// Read reads the settings of a tree on top of its owner's, which may be nil; without a
// settings file they are the owner's or the default ones and the file is nil. Problems are as those of [Parse]. Nothing that a change can put into
// a tree is an error, which could keep the change from being reviewed: an error means
// that the tree itself could not be read.
//
// A review takes the settings from the base of a change and never from its head, or a
// pull request could switch off its own review. That choice is the caller's.
func Read(tree source.Tree, known []string, owner *Owner) (*Settings, *source.File, []Problem, error) {
	var files []*source.File
	var problems []Problem
	for _, name := range []string{Path, otherPath} {
		file, problem, err := read(tree, name)
		if err != nil {
			return nil, nil, nil, err
		}
		if file != nil {
			files = append(files, file)
		}
		if problem != "" {
			problems = append(problems, Problem{File: file, Message: problem})
		}
	}
	switch {
	case len(files) == 0:
		return owner.settings(), nil, nil, nil
	case len(files) == 2:
		problems = append(problems, Problem{
			File:    files[1],
			Message: fmt.Sprintf("The settings are in both `%s` and `%s`.", Path, otherPath),
			Help:    fmt.Sprintf("Move them all to `%s` and remove the other file.", Path),
		})
	}
	if len(problems) > 0 {
		return owner.settings(), files[0], problems, nil
	}
	settings, problems := parse(files[0], known, owner)
	return settings, files[0], problems, nil
}

// read reads one settings file, nil when there is none. A file with a problem is empty.
// A link is not followed, be it the file or its folder: on a working tree it could lead
// out of the repository.
func read(tree source.Tree, name string) (file *source.File, problem string, err error) {
	var info fs.FileInfo
	for _, part := range []string{path.Dir(name), name} {
		if info, err = fs.Lstat(tree.FS, part); errors.Is(err, fs.ErrNotExist) {
			return nil, "", nil
		} else if err != nil {
			return nil, "", fmt.Errorf("read settings: %w", err)
		}
		if part != name && !info.IsDir() {
			return nil, "", nil
		}
	}
	switch {
	case !info.Mode().IsRegular():
		return source.NewFile(name, ""), "The settings are not a regular file.", nil
	case info.Size() > maxBytes:
		return source.NewFile(name, ""), tooLarge, nil
	}
	file, err = tree.Read(name)
	return file, "", err
}

// failOn are the names of the severities where they say what fails a review: there,
// nothing at all is called none.
var failOn = []string{checks.Off: "none", checks.Notice: "notice", checks.Warning: "warning", checks.Error: "error"}

// ParseFailOn is the least severity that fails a review by its name in settings and
// flags: error, warning, notice or none, which is [checks.Off].
func ParseFailOn(name string) (checks.Severity, error) {
	if i := slices.Index(failOn, name); i >= 0 {
		return checks.Severity(i), nil
	}
	return checks.Off, fmt.Errorf("parse severity %q: want one of %s", name, strings.Join(failOn, ", "))
}
