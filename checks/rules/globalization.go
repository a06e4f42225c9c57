package rules

import (
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/dotnet"
)

// evidenceFor is the evidence that a need exists.
func evidenceFor(n *dotnet.Needs, need dotnet.Need) []dotnet.Evidence {
	return slices.DeleteFunc(slices.Clone(n.Evidence), func(e dotnet.Evidence) bool { return e.About != need || e.Says != base.Yes })
}

// maxRelated is how many places of one kind a finding shows.
const maxRelated = 5

func relatedEvidence(evidence []dotnet.Evidence) []checks.Related {
	var related []checks.Related
	for _, e := range evidence[:min(len(evidence), maxRelated)] {
		why := e.Why
		if why != "" && 'a' <= why[0] && why[0] <= 'z' {
			why = string(why[0]-'a'+'A') + why[1:]
		}
		related = append(related, checks.Related{File: e.File, Span: e.Span, Message: why + "."})
	}
	return related
}

func joinNeeds(needs []dotnet.Need) string {
	var words []string
	for _, n := range needs {
		words = append(words, string(n))
	}
	return strings.Join(words, " and ")
}

// mayHave reports whether the Dockerfile itself may bring what the base image lacks.
func mayHave(final *dockerfile.Stage, need dotnet.Need) bool {
	state := final.State()
	if state.Base.Shell == base.No && state.HasShell != base.No {
		return true // so much is copied in that it may be there too
	}
	if _, ok := state.Env["DOTNET_SYSTEM_GLOBALIZATION_APPLOCALICU"]; ok && need == dotnet.ICU {
		return true
	}
	for _, stage := range final.Chain() {
		for _, i := range stage.Instructions {
			if i.Keyword == "RUN" && mayInstall(i, need) || (i.Keyword == "COPY" || i.Keyword == "ADD") && mayCopy(i, need) {
				return true
			}
		}
	}
	return false
}

func mayInstall(i *dockerfile.Instruction, need dotnet.Need) bool {
	if i.Before().HasShell == base.No {
		return false // the build fails
	}
	commands, ok := i.Commands()
	if !ok {
		return true
	}
	for _, c := range commands {
		call, ok := readPackageCall(c)
		if path.Ext(c.Name) == ".sh" || ok && !call.remove && !call.complete {
			return true
		}
		if !ok || call.remove {
			continue
		}
		for _, w := range call.packages {
			if name := packageName(w.Value); need == dotnet.ICU && (strings.HasPrefix(name, "icu") || strings.HasPrefix(name, "libicu")) ||
				need == dotnet.TimeZones && name == "tzdata" {
				return true
			}
		}
	}
	return false
}

func mayCopy(i *dockerfile.Instruction, need dotnet.Need) bool {
	if len(i.Words) == 0 {
		return false
	}
	switch path.Clean(i.Words[len(i.Words)-1].Value) {
	case "/", "/usr", "/usr/lib", "/usr/share", "/lib":
		return true
	}
	for _, w := range i.Words {
		if need == dotnet.ICU && strings.Contains(w.Value, "icu") || need == dotnet.TimeZones && strings.Contains(w.Value, "zoneinfo") {
			return true
		}
	}
	return false
}
