package propose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// A side is what an image is before or after a plan, each empty where it is not known.
type side struct {
	image, user, ports, shell, packages string
	size                                string // where the image was built
}

// sides reads the Dockerfile of a plan before and after it, and what a builder made of its
// last stage.
func sides(p *fixes.Plan) (before, after side) {
	for _, c := range p.Changes {
		if c.Path == p.File.Path() {
			before, after = sideOf(c.Path, c.Before), sideOf(c.Path, c.After)
		}
	}
	if p.Proof == nil {
		return before, after
	}
	for _, image := range p.Proof.Images {
		if image.Stage != "" {
			continue
		}
		after.size = image.After.Megabytes()
		if image.Before != nil {
			before.size = image.Before.Megabytes()
		}
	}
	return before, after
}

func sideOf(path, text string) side {
	f, err := dockerfile.Parse(source.NewFile(path, text))
	if err != nil || f.Final() == nil {
		return side{}
	}
	final := f.Final()
	s := side{shell: yesNo(final.State().HasShell), packages: yesNo(final.State().HasPackages)}
	if img := final.Root().Image; img != nil {
		s.image = img.Written
		if img.Problem == "" {
			s.image = img.Ref.String()
		}
	}
	if user := final.State().User; user.Known {
		s.user = user.Value
		if user.Value == "" || user.Value == "0" {
			s.user = "root"
		}
		if facts := final.Base(); user.Origin == nil && facts != nil && facts.UserUnknown {
			s.user = ""
		}
	}
	s.ports = ports(final)
	return s
}

// ports are those that the image exposes, or that its base listens on.
func ports(final *dockerfile.Stage) string {
	var list []string
	for _, p := range final.State().Expose {
		text := fmt.Sprint(p.First)
		if p.Last != p.First {
			text += fmt.Sprintf("-%d", p.Last)
		}
		if !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	if len(list) == 0 && final.Base() != nil {
		for _, p := range final.Base().Ports {
			list = append(list, fmt.Sprint(p))
		}
	}
	return strings.Join(list, ", ")
}

func yesNo(k base.Known) string {
	switch k {
	case base.Yes:
		return "yes"
	case base.No:
		return "no"
	}
	return ""
}
