package rules

import (
	"fmt"
	"slices"
	"time"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

// A carrier is a version with a last day of support and the images of the file that
// carry it.
type carrier struct {
	name   string // ".NET 6.0", "Debian buster-slim"
	facts  *base.Facts
	images []*dockerfile.Image // the final stage's first
}

// carriers are the versions in the file whose last day of support is known.
func carriers(p *checks.DockerfilePass) []*carrier {
	var all []*carrier
	for n := range p.File.Images() {
		image := &p.File.Images()[n]
		if image.Use == dockerfile.UseSyntax || image.Problem != "" {
			continue
		}
		facts := image.Facts
		if facts == nil || facts.EndOfLife.IsZero() || facts.DotNet != nil && facts.DotNet.Missing() != "" {
			continue // no-such-tag speaks of a tag that never was
		}
		name := facts.Name
		if d := facts.DotNet; d != nil {
			name = dotnetVersion(d)
		}
		at := slices.IndexFunc(all, func(c *carrier) bool { return c.name == name })
		if at < 0 {
			all = append(all, &carrier{name: name, facts: facts, images: []*dockerfile.Image{image}})
			continue
		}
		c := all[at]
		if image == p.Final.Root().Image {
			c.facts, c.images = facts, slices.Insert(c.images, 0, image)
		} else {
			c.images = append(c.images, image)
		}
	}
	return all
}

// dotnetVersion is how people call the version of .NET in an image.
func dotnetVersion(d *base.DotNet) string {
	switch {
	case d.Version == "":
		return ".NET Core"
	case d.Preview:
		return "the preview of .NET " + d.Version
	}
	return ".NET " + d.Version
}

// supportEnded reports whether a last day of support is over.
func supportEnded(last, now time.Time) bool { return !now.Before(last.AddDate(0, 0, 1)) }

// finding is the finding about a version; the caller says what is wrong.
func (c *carrier) finding(p *checks.DockerfilePass, message string) checks.Finding {
	image := c.images[0]
	at, _ := tagSpan(p, image)
	f := checks.Finding{Span: at, Key: imageKey(p, image), Message: message, Help: c.successor(image, p.Now)}
	for _, other := range c.images[1:min(len(c.images), maxRelated+1)] {
		f.Related = append(f.Related, p.Related(other.Span, "It is in this image too."))
	}
	return f
}

// successor says what to move to.
func (c *carrier) successor(image *dockerfile.Image, now time.Time) string {
	if d := c.facts.DotNet; d != nil {
		version := base.LongestSupported(now)
		if version == "" {
			return "Move the projects to a version in support."
		}
		ends, _ := base.SupportEnds(version)
		move := fmt.Sprintf("Move the projects to .NET %s, which is in support until %s", version, ends.Format(time.DateOnly))
		if target := d.On(version); target != nil {
			return fmt.Sprintf("%s, and take %s.", move, checks.Code(target.Reference().String()))
		}
		return move + ", and take the same image of it."
	}
	if tag, ends := base.LongestSupportedSystem(image.Ref, now); tag != "" {
		ref := base.Reference{Repository: image.Ref.Repository, Tag: tag}
		return fmt.Sprintf("Take a later release: %s is in support until %s.", checks.Code(ref.String()), ends.Format(time.DateOnly))
	}
	if later, ok := base.OnLaterDebian(image.Ref); ok {
		return fmt.Sprintf("Take the same image on a later Debian: %s.", checks.Code(later.String()))
	}
	return "Move to a distribution that is in support."
}
