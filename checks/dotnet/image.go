package dotnet

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

// image is what the Dockerfile itself says of the needs.
type image struct {
	// invariant is what it sets the runtime's variable to, global what the command line
	// of the build sets InvariantGlobalization to.
	invariant base.Known
	global    global
	evidence  []ranked
}

// global is a property that a command line sets.
type global struct {
	value string
	at    place
}

const invariantVariable = "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"

var (
	managers = []string{"apk", "apt", "apt-get", "tdnf", "dnf", "microdnf", "yum", "zypper"}
	// icu and tzdata are packages of Alpine, Debian, Ubuntu, Azure Linux and Fedora,
	// with or without a version.
	icu    = regexp.MustCompile(`^(icu-libs|icu-data-full|icu|libicu(?:-dev|\d+)?)(?:[=~<>].*)?$`)
	tzdata = regexp.MustCompile(`^(tzdata(?:-legacy)?)(?:[=~<>].*)?$`)
	// commandLine is a property given to dotnet publish or build.
	commandLine = regexp.MustCompile(`(?i)^(?:-|--|/)(?:p|property):InvariantGlobalization=["']?(true|false)["']?$`)
)

// readImage reads the signals of a Dockerfile: those of the final image, and what the
// command line of the build sets.
func readImage(f *dockerfile.File, final *dockerfile.Stage) *image {
	var im image
	if final == nil {
		return &im
	}
	var found finding
	if s, ok := final.State().Env[invariantVariable]; ok && s.Known && s.Origin != nil {
		at := place{f.File, s.Span}
		if truth(s.Value) == base.Yes {
			im.invariant = base.Yes
			found.add(byEnvironment, ICU, base.No, at, "`"+invariantVariable+"` turns ICU off")
		} else { // whatever it says, the runtime takes it for false
			im.invariant = base.No
			found.add(byEnvironment, ICU, base.Yes, at, "`"+invariantVariable+"` asks for ICU")
		}
	}
	if s, ok := final.State().Env["TZ"]; ok && s.Origin != nil && !(s.Known && isUTC(s.Value)) {
		found.add(byEnvironment, TimeZones, base.Yes, place{f.File, s.Span}, "`TZ` names a time zone")
	}
	for _, stage := range final.Chain() {
		for _, i := range stage.Instructions {
			im.instruction(f, i, &found)
		}
	}
	for _, stage := range built(final) {
		for _, i := range stage.Instructions {
			if i.Keyword == "RUN" {
				im.commandLine(f, i)
			}
		}
	}
	im.evidence = found.evidence
	return &im
}

// instruction finds packages and files with ICU or time zones that an instruction of the
// final image brings.
func (im *image) instruction(f *dockerfile.File, i *dockerfile.Instruction, to *finding) {
	switch i.Keyword {
	case "COPY", "ADD":
		for _, w := range i.Words {
			if strings.Contains(w.Value, "/zoneinfo") {
				to.add(byImage, TimeZones, base.Yes, place{f.File, w.Span}, "the time zone database is copied into the image")
				return
			}
		}
	case "RUN":
		commands, _ := i.Commands()
		for _, c := range commands {
			im.localtime(f, c, to)
			if !installs(c) {
				continue
			}
			for _, a := range c.Args {
				if m := icu.FindStringSubmatch(a.Value); m != nil {
					to.add(byImage, ICU, base.Yes, place{f.File, a.Span}, "the image installs `"+m[1]+"`")
				}
				if m := tzdata.FindStringSubmatch(a.Value); m != nil {
					to.add(byImage, TimeZones, base.Yes, place{f.File, a.Span}, "the image installs `"+m[1]+"`")
				}
			}
		}
	}
}

// localtime finds a command that sets the system's time zone, which .NET takes for its own.
// https://learn.microsoft.com/dotnet/api/system.timezoneinfo.local
func (im *image) localtime(f *dockerfile.File, c dockerfile.ShellCommand, to *finding) {
	name := path.Base(c.Name)
	if name != "ln" && name != "cp" || len(c.Args) < 2 || c.Args[len(c.Args)-1].Value != "/etc/localtime" {
		return
	}
	zone := c.Args[len(c.Args)-2]
	if at, ok := strings.CutPrefix(zone.Value, "/usr/share/zoneinfo/"); ok && zone.Static && !isUTC(at) {
		to.add(byImage, TimeZones, base.Yes, place{f.File, zone.Span}, "the image is set to a time zone")
	}
}

// installs reports whether a command has a package manager install something.
func installs(c dockerfile.ShellCommand) bool {
	manager := slices.Contains(managers, path.Base(c.Name))
	for _, a := range c.Args {
		switch {
		case manager && (a.Value == "add" || a.Value == "install" || a.Value == "in"):
			return true
		case slices.Contains(managers, path.Base(a.Value)): // sudo apt-get
			manager = true
		}
	}
	return false
}

// commandLine notes what a build command sets InvariantGlobalization to.
func (im *image) commandLine(f *dockerfile.File, i *dockerfile.Instruction) {
	commands, _ := i.Commands()
	for _, c := range commands {
		for _, a := range c.Args {
			if m := commandLine.FindStringSubmatch(a.Value); m != nil {
				im.global = global{m[1], place{f.File, a.Span}}
			}
		}
	}
}

func isUTC(zone string) bool {
	switch strings.ToUpper(strings.TrimPrefix(zone, ":")) {
	case "", "UTC", "ETC/UTC", "GMT", "UTC0":
		return true
	}
	return false
}

// icu is what the image's own variable makes of the need.
func (im *image) icu() base.Known {
	switch im.invariant {
	case base.Yes:
		return base.No
	case base.No:
		return base.Yes
	}
	return base.Unknown
}

// alone is the answer where no project was found.
func (im *image) alone() finding {
	f := finding{icu: im.icu(), evidence: im.evidence}
	if f.icu == base.Unknown && f.says(ICU) {
		f.icu = base.Yes
	}
	if f.says(TimeZones) {
		f.timeZones = base.Yes
	}
	return f
}

// built are the stages that end up in the final image: itself, those it inherits from
// and those it takes files from, in the order of the file.
func built(final *dockerfile.Stage) []*dockerfile.Stage {
	seen := map[*dockerfile.Stage]bool{}
	queue := []*dockerfile.Stage{final}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if s == nil || seen[s] {
			continue
		}
		seen[s] = true
		queue = append(append(queue, s.Parent), s.Uses...)
	}
	stages := make([]*dockerfile.Stage, 0, len(seen))
	for s := range seen {
		stages = append(stages, s)
	}
	slices.SortFunc(stages, func(a, b *dockerfile.Stage) int { return cmp.Compare(a.Index, b.Index) })
	return stages
}
