package chiseled

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A delivery is a COPY or ADD that brings something to a path of the image.
type delivery struct {
	*dockerfile.Instruction
	to     string
	folder bool // to is one for certain
}

// deliveries are what comes into the image before an instruction.
func deliveries(before *dockerfile.Instruction) []delivery {
	all := deliveriesOf(before.Stage)
	n := slices.IndexFunc(all, func(d delivery) bool { return d.Stage == before.Stage && d.Span.Start >= before.Span.Start })
	if n < 0 {
		return all
	}
	return all[:n]
}

// deliveriesOf are what comes into the image of a stage.
func deliveriesOf(stage *dockerfile.Stage) []delivery {
	var all []delivery
	for _, s := range stage.Chain() {
		for _, i := range s.Instructions {
			if (i.Keyword != "COPY" && i.Keyword != "ADD") || len(i.Words) < 2 {
				continue
			}
			last := i.Words[len(i.Words)-1].Value
			if to, ok := absolute(i.Before().Workdir, last); ok {
				all = append(all, delivery{i, to, strings.HasSuffix(last, "/") || len(i.Words) > 2 || last == "."})
			}
		}
	}
	return all
}

// writable are the folders that everybody, or the account app, may write to in chiseled
// images.
var writable = []string{"/tmp", "/var/tmp", "/home/app"}

// give makes files the application's where they are copied, in place of a chown; false
// where it is not known how they come into the image, or was said why not.
func (j *job) give(o owned) ([]source.Edit, bool) {
	var edits []source.Edit
	if slices.ContainsFunc(writable, func(dir string) bool { return o.path == dir || below(o.path, dir) }) {
		return nil, true
	}
	var by []string
	for _, d := range deliveries(j.run) {
		switch {
		case o.covers(d.to) || d.to == o.path, d.folder && len(d.Words) == 2 && path.Join(d.to, path.Base(d.Words[0].Value)) == o.path:
			by = []string{"`COPY --chown`"}
			if d.Flag("chown") == nil {
				edits = append(edits, j.edit(source.Span{Start: d.KeywordSpan.End, End: d.KeywordSpan.End}, " --chown="+j.owner))
			}
		case below(o.path, d.to):
			return nil, false // something in what is copied, or not
		}
	}
	for _, s := range j.stage.Chain() {
		for _, i := range s.Instructions {
			if i.Keyword != "WORKDIR" {
				continue
			}
			if dir, known := absolute(i.Before().Workdir, i.Words[0].Value); known && dir == o.path {
				user, _, _ := strings.Cut(j.owner, ":")
				if user != appUID && i.Before().User.Value != user {
					j.person(j.at(i.Span), fmt.Sprintf("`WORKDIR` will make %s for the image's account `app`, and %s gives it to %s.", checks.Code(o.path), checks.Code(j.File.Slice(j.run.KeywordSpan)), checks.Code(user)),
						fmt.Sprintf("Run as `$APP_UID`, or write `USER %s` above the `WORKDIR`: BuildKit makes the folder for the user of that line.", user))
					return nil, false
				}
				by = append(by, "`WORKDIR`")
				j.note(j.at(i.Span), "BuildKit gives the folder that `WORKDIR` makes to the image's user, here %s; the old builder of Docker would give it to root.", whose(user))
			}
		}
	}
	if len(by) == 0 {
		return nil, false
	}
	j.because = append(j.because, by[0]+" gives "+checks.Code(o.path)+" to the application.")
	return edits, true
}

// whose is an account as a sentence names it.
func whose(user string) string {
	if user == appUID {
		return "`app`"
	}
	return checks.Code(user)
}

// permit sets a mode where a file is copied or made, in place of a chmod; false where it
// is not known how the file comes into the image.
func (j *job) permit(step int, mo mode) (edits []source.Edit, ok bool) {
	if mo.open() {
		return j.give(owned{path: mo.path, owner: j.owner, recursive: true, at: mo.at})
	}
	for _, d := range slices.Backward(deliveries(j.run)) {
		from := d.Flag("from")
		for _, w := range d.Words[:len(d.Words)-1] {
			file := d.to
			if d.folder {
				file = path.Join(d.to, path.Base(w.Value))
			}
			switch {
			case file == mo.path && from == nil && (strings.Contains(path.Base(mo.path), ".") || j.isFile(w.Value) || d.Keyword == "ADD" && strings.Contains(w.Value, "://")) && d.Flag("chmod") == nil && len(d.Words) == 2:
				perm := mo.mode
				if strings.Trim(perm, "01234567") != "" {
					if !strings.HasSuffix(perm, "+x") {
						return nil, false
					}
					perm = "755"
				}
				owned, opens := mode{mode: perm}.opens(j.hasFolder(d.Instruction, path.Dir(file)))
				if !opens {
					return nil, false
				}
				j.because = append(j.because, "`"+d.Keyword+" --chmod` sets the mode of "+checks.Code(mo.path)+".")
				return []source.Edit{j.edit(source.Span{Start: d.KeywordSpan.End, End: d.KeywordSpan.End}, " --chmod="+perm+j.ownedIf(owned, d))}, true
			case from != nil && (below(mo.path, d.to) || file == mo.path):
				stage := j.File.Stage(from.Value)
				if stage == nil || !j.usable(stage) || strings.ContainsAny(w.Value, "*?[$") {
					return nil, false
				}
				there := path.Join("/", w.Value)
				if file != mo.path {
					there = path.Join(there, strings.TrimPrefix(mo.path, d.to))
				}
				j.shopOf(stage).do(step, "chmod "+mo.mode+" "+there)
				j.because = append(j.because, "The stage "+checks.Code(stage.Name)+" sets the mode of "+checks.Code(there)+" before it is copied.")
				if chown := j.ownedIf(mo.closed(), d); chown != "" {
					edits = append(edits, j.edit(source.Span{Start: d.KeywordSpan.End, End: d.KeywordSpan.End}, chown))
				}
				return edits, true
			}
		}
	}
	return nil, false
}

// ownCertificates is where certificates lie that a Dockerfile adds to the list of trusted ones.
const ownCertificates = "/usr/local/share/ca-certificates"

// ownedIf is the flag that gives what is copied to the application, where it has to own it
// because a mode closes it to all others; otherwise it is empty.
func (j *job) ownedIf(owned bool, d delivery) string {
	if !owned || d.Flag("chown") != nil || !j.wasRoot() {
		return ""
	}
	j.because = append(j.because, "`--chown` gives it to the application: the mode closes it to all but its owner.")
	return " --chown=" + j.owner
}

// certificates makes the list of trusted certificates in a workshop and copies it.
func (j *job) certificates(step int) (edits []source.Edit, copied string) {
	w := j.freshShop()
	if s := j.shop(j.stage); s.stage != nil && s.stage.Base().DotNet != nil && s.stage.Base().PackageManager == "apt" {
		w = s
	}
	for _, d := range deliveries(j.run) {
		if d.to != ownCertificates && !below(d.to, ownCertificates) || d.Flag("from") != nil {
			continue
		}
		w.set(step, j.File.Slice(source.Span{Start: d.Span.Start, End: j.end(d.Instruction)}))
		edits = append(edits, j.remove(d.Instruction))
	}
	w.do(step, "update-ca-certificates")
	j.because = append(j.because, "The stage "+checks.Code(w.name)+" makes the list of trusted certificates, and `COPY` takes it from there.")
	const list = "/etc/ssl/certs/ca-certificates.crt"
	return edits, strings.Join([]string{j.keyword("COPY"), "--from=" + w.name, list, list}, " ")
}

// shopOf is the workshop in a stage of the file.
func (m *migration) shopOf(s *dockerfile.Stage) *workshop {
	for _, w := range m.shops {
		if w.stage == s {
			return w
		}
	}
	w := &workshop{stage: s, name: s.Name, step: -1}
	m.shops = append(m.shops, w)
	return w
}
