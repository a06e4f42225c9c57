package rules

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

// rootUser knows which user the base image gives, so that it is quiet on images that
// bring their own and finds root where no USER is written at all.
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/distroless.md
var rootUser = page(checks.Rule{
	ID: "root-user", Title: "Final stage runs as root", Since: "0.1.0", Severity: checks.Warning,
	Replaces:   []checks.Replaced{{ID: "DS-0002", Because: "it knows the user that the base image gives"}},
	Dockerfile: checkRootUser,
})

func checkRootUser(p *checks.DockerfilePass) {
	state := p.Final.State()
	user := state.User
	written := user.Origin != nil
	switch {
	case !user.Known:
		p.LetStand("DS-0002") // an unknown base may run as root
		return
	case !base.IsRoot(user.Value),
		onWindows(state),
		neverRuns(state):
		return
	case !written && state.Base != nil && state.Base.Twin != "":
		return // unprivileged-twin names the image to take instead
	}

	f := checks.Finding{Span: p.Final.From.Words[0].Span, Key: p.StageKey(p.Final) + " user", Help: rootUserHelp(p.Final)}
	from := baseName(p.Final)
	switch {
	case written:
		f.Span = user.Span
		f.Message = fmt.Sprintf("The final stage runs as root: `USER` is %s.", checks.Code(user.Value))
		if state.Base != nil && !state.Base.Root() {
			f.Related = append(f.Related, p.Related(p.Final.Root().From.Words[0].Span,
				fmt.Sprintf("%s would run as %s.", from, checks.Code(state.Base.User))))
		}
	case state.Scratch:
		f.Message = "The final stage runs as root, as every image from `scratch` does without `USER`."
	case state.Base.Role == base.RoleServer:
		f.Message = fmt.Sprintf("The final stage starts as root, the user of %s.", from)
	default:
		f.Message = fmt.Sprintf("The final stage runs as root, the user of %s.", from)
	}
	// A script at the start may need root, or change to another user itself.
	if _, plain := startArguments(p); plain && unprivileged(state) != "" {
		number := unprivileged(state)
		f.Fix = &checks.Fix{Title: "Run as `USER " + number + "`", Safety: checks.Unsafe}
		if written && lastStep(p.Final, user.Origin) {
			f.Fix.Edits = append(f.Fix.Edits, p.Edit(user.Span, number))
		} else {
			f.Fix.Edits = append(f.Fix.Edits, beforeStart(p, "USER", number))
		}
	}
	p.Report(f)
}

// lastStep reports whether nothing that depends on the user is built after USER.
func lastStep(final *dockerfile.Stage, user *dockerfile.Instruction) bool {
	at := slices.Index(final.Instructions, user)
	return at >= 0 && !slices.ContainsFunc(final.Instructions[at+1:], atBuild)
}

// unprivileged is the USER value that the base image means its applications to have,
// empty where it has none.
func unprivileged(s *dockerfile.State) string {
	if uid, ok := appUID(s); ok && uid != "0" {
		return "$APP_UID"
	}
	if s.Base != nil && s.Base.UID > 0 && !s.Base.Root() {
		return strconv.Itoa(s.Base.UID)
	}
	return ""
}

func rootUserHelp(final *dockerfile.Stage) string {
	const add = "Write `USER %s` after the last instruction that needs root"
	s := final.State()
	switch b := s.Base; {
	case unprivileged(s) == "$APP_UID":
		uid, _ := appUID(s)
		return fmt.Sprintf(add+": the image has the account `app` with the number %s for that. "+
			"Look at the ports below 1024 and at the files the application writes.", "$APP_UID", uid)
	case unprivileged(s) != "":
		return fmt.Sprintf(add+": it is the image's own user.", unprivileged(s))
	case b != nil && slices.Contains(b.Accounts, "nonroot"):
		return fmt.Sprintf(add+": it is the account `nonroot` of the image.", "65532")
	case repository(final) == "docker.io/library/node":
		return fmt.Sprintf(add+": it is the account `node` of the image.", "1000")
	case b != nil && b.Role == base.RoleServer:
		return "Servers often change to an account of their own after the start: write that account's number as `USER`, if the image's documentation says that it can start so."
	case b != nil && b.DotNet != nil:
		return fmt.Sprintf(add+", or move to .NET 8 or later, whose images have an account for the application.", "10001")
	}
	return fmt.Sprintf(add+". A number needs no account, and Kubernetes can tell that it is not root.", "10001")
}
