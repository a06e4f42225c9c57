package checks

import (
	"context"
	"errors"
	"fmt"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/ignore"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A parsed is one Dockerfile: its text, nil where it could not be read, and what it says,
// nil where it could not be parsed. Then there is a skip.
type parsed struct {
	text *source.File
	file *dockerfile.File
	skip *Skip
}

// parse reads one Dockerfile.
func (r *runner) parse(path string) *parsed {
	text, err := r.tree.Read(path)
	if err != nil {
		return &parsed{skip: &Skip{Path: path, Reason: sentence(err)}}
	}
	p := &parsed{text: text}
	if err := guard(func() (err error) { p.file, err = dockerfile.Parser{Mirrors: r.opts.Mirrors}.Parse(text); return err }); err != nil {
		skip := unparsed(text, err)
		p.file, p.skip = nil, &skip
	}
	return p
}

// readDockerfiles reads all Dockerfiles.
func (r *runner) readDockerfiles(ctx context.Context, paths []string) error {
	var jobs []func(context.Context) *parsed
	for _, path := range paths {
		jobs = append(jobs, func(context.Context) *parsed { return r.parse(path) })
	}
	all, err := each(ctx, jobs)
	if err != nil {
		return err
	}
	r.dockerfiles = make(map[string]*parsed, len(paths))
	for i, path := range paths {
		r.dockerfiles[path] = all[i]
	}
	return nil
}

// file checks one Dockerfile.
func (r *runner) file(ctx context.Context, path string) Result {
	text, f := r.dockerfiles[path].text, r.dockerfiles[path].file
	var res Result
	if text != nil {
		res.Files = append(res.Files, text)
	}
	if skip := r.dockerfiles[path].skip; skip != nil {
		res.Skips = append(res.Skips, *skip)
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
	var found []Finding
	for _, rule := range r.opts.Rules {
		if rule.Dockerfile == nil {
			continue
		}
		pass := &DockerfilePass{File: f, Final: f.Final(), Projects: r.projects, Now: r.opts.Now, rule: rule}
		if err := guard(func() error { rule.Dockerfile(pass); return nil }); err != nil {
			res.Skips = append(res.Skips, failed(rule, text, err))
			continue
		}
		res.Skips = append(res.Skips, pass.skips...)
		look.said[rule.ID] = len(pass.findings) > 0
		for _, id := range pass.stands {
			look.stands[id] = true
		}
		look.secrets = append(look.secrets, pass.secrets...)
		found = append(found, pass.findings...)
	}
	for _, s := range r.opts.Scanners {
		var theirs []Finding
		err := r.withinBudget(ctx, func(ctx context.Context) (err error) { theirs, err = s.Scan(ctx, f); return err })
		res.Skips = append(res.Skips, r.scanSkips(text, err, &look)...)
		found = append(found, theirs...)
	}
	r.keep(&res, found, func(one Finding) (Drop, bool) { return r.drop(one, &look) })
	res.add(r.ignores(text, look.ignores, look.silenced, res.Skips, false))
	hide(&res, text, look.secrets)
	return res
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
