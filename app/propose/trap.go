package propose

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// trap tells a known trap of chiseled images and why this image is not in it; empty where
// that cannot be told, or where the image was in it and the plan takes it out.
type trap func(p *fixes.Plan, before, after *dockerfile.Stage) string

// traps are those that people fell into. Each looks at the Dockerfile alone, and says so by
// naming the line.
var traps = []trap{shellStart, doubledStart, healthcheck, installs, volumes, lowPorts, culture, named}

// Traps lists the traps that a migration does not fall into.
func Traps(b *strings.Builder, p *fixes.Plan) {
	before, after := finals(p)
	if before == nil || after == nil || p.Recipe != "chiseled" {
		return
	}
	var list []string
	for _, t := range traps {
		if said := t(p, before, after); said != "" {
			list = append(list, said)
		}
	}
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "\n<details>\n<summary>Known traps that do not apply here (%d)</summary>\n\n", len(list))
	for _, said := range list {
		b.WriteString("- " + report.Prose(said) + "\n")
	}
	b.WriteString("\n</details>\n")
}

// finals are the final stages of a plan's Dockerfile before and after, nil where there is
// none.
func finals(p *fixes.Plan) (before, after *dockerfile.Stage) {
	for _, c := range p.Changes {
		if c.Path == p.File.Path() {
			return finalOf(c.Path, c.Before), finalOf(c.Path, c.After)
		}
	}
	return nil, nil
}

func finalOf(name, text string) *dockerfile.Stage {
	f, err := dockerfile.Parse(source.NewFile(name, text))
	if err != nil {
		return nil
	}
	return f.Final()
}

func did(p *fixes.Plan, step string) bool {
	return slices.ContainsFunc(p.Steps, func(s fixes.Step) bool { return s.ID == step })
}

func own(s *dockerfile.Stage, keyword string) *dockerfile.Instruction {
	for i := range s.InChain(keyword) {
		return i
	}
	return nil
}

func lineOf(i *dockerfile.Instruction, p *fixes.Plan) int { return p.File.LineAt(i.Span.Start) }

func shellStart(p *fixes.Plan, before, _ *dockerfile.Stage) string {
	s := before.State()
	start, keyword := s.Entrypoint, "ENTRYPOINT"
	if start.Origin == nil {
		start, keyword = s.Cmd, "CMD"
	}
	if did(p, "exec-form") || !start.Known || start.Origin == nil || start.Value.ShellForm || len(start.Value.Args) == 0 || isShell(start.Value.Args[0]) {
		return ""
	}
	return fmt.Sprintf("A start through `/bin/sh`, which is not there: `%s` on line %d is in exec form.", keyword, lineOf(start.Origin, p))
}

func isShell(program string) bool {
	return slices.Contains([]string{"sh", "ash", "bash", "dash", "zsh"}, path.Base(program))
}

// doubledStart: https://github.com/dotnet/dotnet-docker/issues/4650.
func doubledStart(p *fixes.Plan, before, after *dockerfile.Stage) string {
	start := before.State().Entrypoint
	if did(p, "exec-form") || start.Origin == nil || !start.Known || after.State().Entrypoint.Origin == nil {
		return ""
	}
	return fmt.Sprintf("The entry point `dotnet` of the chiseled image, which would come before a `CMD`: line %d sets an `ENTRYPOINT` of its own.", lineOf(start.Origin, p))
}

func healthcheck(p *fixes.Plan, before, _ *dockerfile.Stage) string {
	if did(p, "healthcheck") || own(before, "HEALTHCHECK") != nil {
		return ""
	}
	return "A `HEALTHCHECK` that asks with `curl` or a shell: there is none."
}

func installs(p *fixes.Plan, before, _ *dockerfile.Stage) string {
	if did(p, "build-stage") || own(before, "RUN") != nil {
		return ""
	}
	return "Packages and commands of the final stage: it has no `RUN`."
}

func volumes(p *fixes.Plan, before, _ *dockerfile.Stage) string {
	if did(p, "volume") || own(before, "VOLUME") != nil {
		return ""
	}
	return "A `VOLUME` that belongs to root: the image declares none. What is mounted at run time is not known here."
}

func lowPorts(p *fixes.Plan, _, after *dockerfile.Stage) string {
	list := ports(after)
	if did(p, "ports") || list == "" {
		return ""
	}
	for port := range strings.SplitSeq(list, ", ") {
		first, _, _ := strings.Cut(port, "-")
		if n, err := strconv.Atoi(first); err != nil || n < 1024 {
			return ""
		}
	}
	return fmt.Sprintf("Ports below 1024, for which some container runtimes want root: the image listens on %s.", list)
}

func culture(_ *fixes.Plan, _, after *dockerfile.Stage) string {
	img := after.Root().Image
	if img == nil || !strings.HasSuffix(img.Ref.Tag, "-extra") {
		return ""
	}
	return "Cultures and time zones that are missing (`Globalization Invariant Mode is not supported`): the `extra` image has ICU and time zones."
}

func named(_ *fixes.Plan, _, after *dockerfile.Stage) string {
	user := after.State().User
	if !user.Known {
		return ""
	}
	if n, err := strconv.Atoi(strings.Split(user.Value, ":")[0]); err != nil || n == 0 {
		return ""
	}
	return fmt.Sprintf("A user by name, of whom Kubernetes cannot tell that it is not root: the user is a number, `%s`.", user.Value)
}
