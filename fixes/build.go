package fixes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/builds"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A Builder builds the image of a Dockerfile and looks into it. The error is a
// [*BuildError] where the Dockerfile or what it does is at fault; any other means that
// nothing is known of the image.
type Builder interface {
	Build(ctx context.Context, tree source.Tree, what Target) (*Built, error)
}

// A Target is an image that a Dockerfile can build.
type Target struct {
	// Dockerfile is the path of the Dockerfile.
	Dockerfile string
	// Stage is the name or the number of the stage, empty for the last one.
	Stage string
}

// Built is what an image turned out to be.
type Built struct {
	// Platform is what the image is for, as linux/arm64; empty where that is not known.
	Platform string
	// User is as the image's configuration has it.
	User string
	// Ports are those that the image exposes, "8080/tcp", sorted.
	Ports []string
	// Size is what the image's layers weigh as they are pulled, in bytes.
	Size int64
	// Shell is the path of a shell in the image, empty where there is none.
	Shell string
	// Starts is the program in the image that ENTRYPOINT or CMD comes down to.
	Starts string
	// Faults are what keeps the application from running, as sentences with a full stop.
	Faults []string
}

// A BuildError is the end of a build for which the Dockerfile is to blame.
type BuildError struct {
	// Line is the line of the Dockerfile, 0 where none is known.
	Line int
	// Message is what the builder says, Log the last lines that the instruction wrote.
	Message string
	Log     []string
	// Help is what who runs the builder could do about it, as sentences with a full stop;
	// empty where that is nothing.
	Help string
}

// Error implements error.
func (e *BuildError) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Message)
}

// builds has the images of a plan built before and after. What could be built before and
// cannot be any more, and what would not start any more, is a reason to refuse the plan;
// what cannot be built with it, and nobody knows whether it could before, is one to leave
// it to a person.
func (t *trial) builds(ctx context.Context, builder Builder) error {
	name := t.plan.File.Path()
	if _, err := t.before.dockerfile(name); err != nil {
		return nil // it is about another kind of file
	}
	targets := t.plan.Targets
	if len(targets) == 0 {
		targets = []string{""}
	}
	platform := ""
	for _, stage := range targets {
		target := Target{Dockerfile: name, Stage: stage}
		after, err := builder.Build(ctx, t.after.tree, target)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failed := (*BuildError)(nil)
		if err != nil && !errors.As(err, &failed) {
			t.open("%s was not built: %s.", capital(target.noun()), sentence(err))
			continue
		}
		before, beforeErr := builder.Build(ctx, t.before.tree, target)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wasFailed := (*BuildError)(nil)
		switch {
		case failed == nil:
			t.compare(target, before, beforeErr, after)
			platform = builds.PlatformOf(after.Platform)
		case beforeErr != nil && !errors.As(beforeErr, &wasFailed):
			t.refuse(NeedsPerson, failed.Line, fmt.Sprintf("%s cannot be built with the change, %s, and whether it can be built today is not known: %s.",
				capital(target.noun()), checks.Code(strings.TrimSuffix(failed.Message, ".")), sentence(beforeErr)), "Build it as it is. If that works, make the change by hand; if it does not, ask once more when it does.")
		case beforeErr != nil:
			t.open("%s could not be built, neither with the change nor without it: %s.%s", capital(target.noun()), sentence(beforeErr), helped(beforeErr))
		default:
			t.broken(target, failed)
		}
	}
	if platform == "" {
		return nil
	}
	return t.elsewhere(ctx, platform)
}

// elsewhere says for which platforms the image was not built that it is built for otherwise.
func (t *trial) elsewhere(ctx context.Context, platform string) error {
	name := t.plan.File.Path()
	files, err := t.before.tree.Find(ctx, builds.IsStatement)
	if err != nil {
		return err
	}
	var others []string
	var place Place
	for _, p := range builds.New(t.before.tree, files, []string{name}, nil, nil).Platforms(name) {
		if p.Name == platform {
			continue
		}
		if len(others) == 0 {
			place = Place{File: p.File, Span: p.Span}
		}
		others = append(others, p.Name)
	}
	if len(others) > 0 {
		t.open("The image was built for `%s` and not for %s, for which %s builds it.", platform, checks.Codes(others), checks.Code(fmt.Sprintf("%s:%d", place.File.Path(), place.Line())))
	}
	return nil
}

// noun is what the target is called in a sentence.
func (t Target) noun() string {
	if t.Stage == "" {
		return "the image"
	}
	return "the image of stage " + checks.Code(t.Stage)
}

// broken refuses a plan whose image can no longer be built.
func (t *trial) broken(target Target, failed *BuildError) {
	help := "Make the change by hand. That a plan cannot be built is a fault of chiselbot: please report it with the file."
	if len(failed.Log) > 0 {
		help = "The instruction's last words: " + checks.Code(strings.Join(failed.Log, " ⏎ ")) + ". " + help
	}
	if failed.Help != "" {
		help = failed.Help + " " + help
	}
	t.refuse(Refuse, failed.Line, fmt.Sprintf("%s can be built today and cannot with the change: %s.", capital(target.noun()), checks.Code(strings.TrimSuffix(failed.Message, "."))), help)
}

// refuse says that the plan would break the image, or may, on a line of the edited file.
func (t *trial) refuse(verdict Verdict, line int, message, help string) {
	at := Place{File: t.plan.File}
	if edited, err := t.after.tree.Read(t.plan.File.Path()); err == nil && line > 0 {
		at = Place{File: edited, Span: edited.LineSpan(line)}
	}
	t.proof.Failed = append(t.proof.Failed, message)
	t.plan.Reasons = append(t.plan.Reasons, Reason{ID: "build", Verdict: verdict, At: at, Message: message, Help: help})
}

// compare says what the images are before and after, and refuses the plan for what keeps
// only the new one from running.
func (t *trial) compare(target Target, before *Built, beforeErr error, after *Built) {
	t.proof.Images = append(t.proof.Images, Image{target, before, after})
	var known []string
	if before != nil {
		known = before.Faults
	}
	for _, fault := range after.Faults {
		switch {
		case slices.Contains(known, fault):
			t.open("%s has a fault that it has today too: %s", capital(target.noun()), fault)
		default:
			t.refuse(Refuse, 0, fmt.Sprintf("%s was built and would not run: %s", capital(target.noun()), fault), "Look at the change, and make it by hand where it is right. That a plan builds an image that does not run is a fault of chiselbot: please report it with the file.")
		}
	}
	if before == nil {
		t.open("%s could not be built as it is today, so nothing is compared: %s.%s", capital(target.noun()), sentence(beforeErr), helped(beforeErr))
	}
	t.held("BuildKit built %s%s: %s.", target.noun(), map[bool]string{true: " before and after", false: ""}[before != nil], described(before, after))
	if after.Starts != "" && len(after.Faults) == 0 {
		t.held("What %s starts is in it, `%s`, and needs no shell.", target.noun(), after.Starts)
	}
}

// described is what an image is, with what it was where that is another thing.
func described(before, after *Built) string {
	instead := func(now, was string) string {
		if before == nil || now == was {
			return now
		}
		return now + " instead of " + was
	}
	if before == nil {
		before = after
	}
	parts := []string{"user " + instead(account(after.User), account(before.User))}
	if len(after.Ports)+len(before.Ports) > 0 {
		parts = append(parts, instead(ports(after.Ports), ports(before.Ports)))
	}
	parts = append(parts, instead(after.Megabytes(), before.Megabytes())+" to pull")
	switch {
	case after.Shell == "" && before.Shell != "":
		parts = append(parts, "no shell any more")
	case after.Shell == "":
		parts = append(parts, "no shell")
	default:
		parts = append(parts, "a shell")
	}
	return strings.Join(parts, ", ")
}

func account(user string) string {
	if base.IsRoot(user) {
		return "root"
	}
	return checks.Code(user)
}

func ports(list []string) string {
	if len(list) == 0 {
		return "no port"
	}
	return "port " + strings.ReplaceAll(strings.Join(list, " and "), "/tcp", "")
}

// Megabytes is the size as registries show it, with a decimal below ten.
func (b *Built) Megabytes() string {
	mb := float64(b.Size) / 1e6
	if mb < 10 {
		return fmt.Sprintf("%.1f MB", mb)
	}
	return fmt.Sprintf("%.0f MB", mb)
}

// helped is the help of an error behind its sentence.
func helped(err error) string {
	failed := (*BuildError)(nil)
	if !errors.As(err, &failed) || failed.Help == "" {
		return ""
	}
	return " " + failed.Help
}

// sentence is an error inside a sentence.
func sentence(err error) string { return strings.TrimSuffix(err.Error(), ".") }

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
