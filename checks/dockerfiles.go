package checks

import (
	"context"
	"errors"
	"fmt"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/ignore"
	"github.com/chiselbot/chiselbot/checks/source"
)

// file checks one Dockerfile.
func (r *runner) file(ctx context.Context, path string) Result {
	text, err := r.tree.Read(path)
	if err != nil {
		return Result{Skips: []Skip{{Path: path, Reason: sentence(err)}}}
	}
	res := Result{Files: []*source.File{text}}
	f, err := parse(text)
	if err != nil {
		res.Skips = append(res.Skips, unparsed(text, err))
		return res
	}
	for _, image := range f.Images() {
		if image.Problem != "" {
			res.Skips = append(res.Skips, unresolved(text, image))
		}
	}

	look := look{text: text, ignores: ignore.In(f), said: map[string]bool{}, stands: map[string]bool{}}
	for _, c := range look.ignores {
		look.silenced = append(look.silenced, make([]bool, len(c.IDs)))
	}
	run := func(rule *Rule, check func(*DockerfilePass)) []Finding {
		if check == nil {
			return nil
		}
		pass := &DockerfilePass{
			File: f, Final: f.Final(), Projects: r.projects, Ignores: look.ignores, Rules: r.opts.Rules, Now: r.opts.Now,
			rule: rule, silenced: look.silenced, unchecked: res.Skips,
		}
		if err := guard(func() error { check(pass); return nil }); err != nil {
			res.Skips = append(res.Skips, failed(rule, text, err))
			return nil
		}
		res.Skips = append(res.Skips, pass.skips...)
		look.said[rule.ID] = len(pass.findings) > 0
		for _, id := range pass.stands {
			look.stands[id] = true
		}
		return pass.findings
	}

	var found []Finding
	for _, rule := range r.opts.Rules {
		found = append(found, run(rule, rule.Dockerfile)...)
	}
	for _, s := range r.opts.Scanners {
		var theirs []Finding
		err := guard(func() (err error) { theirs, err = s.Scan(ctx, f); return err })
		if err != nil {
			res.Skips = append(res.Skips, Skip{Path: path, Reason: sentence(err)})
		}
		found = append(found, theirs...)
	}
	r.keep(&res, found, func(one Finding) (Drop, bool) { return r.drop(one, &look) })
	for _, rule := range r.opts.Rules {
		r.keep(&res, run(rule, rule.Ignores), func(Finding) (Drop, bool) { return Drop{}, false })
	}
	return res
}

func parse(text *source.File) (f *dockerfile.File, err error) {
	err = guard(func() (err error) { f, err = dockerfile.Parse(text); return err })
	return f, err
}

func unparsed(text *source.File, err error) Skip {
	s := Skip{Path: text.Path(), File: text, Reason: sentence(err), Help: "Nothing in this file was checked; `docker build` would refuse it too."}
	if pe := (*dockerfile.ParseError)(nil); errors.As(err, &pe) {
		s.Span, s.Reason = text.LineSpan(max(1, pe.Line)), sentence(errors.New(pe.Message))
	}
	return s
}

func unresolved(text *source.File, image dockerfile.Image) Skip {
	return Skip{
		Path: text.Path(), File: text, Span: image.Span,
		Reason: fmt.Sprintf("The image `%s` is not known: %s.", image.Written, image.Problem),
		Help:   "What depends on this image was not checked. Give the ARG a default value to have it checked.",
	}
}
