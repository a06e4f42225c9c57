package chiseled

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// A delivery is a COPY or ADD that brings something to a path of the image.
type delivery struct {
	*dockerfile.Instruction
	to     string
	folder bool // to is one for certain
}

// deliveries are what comes into the image before an instruction.
func (m *migration) deliveries(before *dockerfile.Instruction) []delivery {
	var all []delivery
	for _, s := range before.Stage.Chain() {
		for _, i := range s.Instructions {
			if i == before {
				return all
			}
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
	for _, d := range j.deliveries(j.run) {
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
	for _, d := range slices.Backward(j.deliveries(j.run)) {
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
	for _, d := range j.deliveries(j.run) {
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

// volumes makes what is declared a volume a folder of the application: a volume begins
// with what the image has at its path, its owner included, and belongs to root where that
// is nothing.
// https://docs.docker.com/engine/storage/volumes/#populate-a-volume-using-a-container
func (m *migration) volumes() {
	for _, s := range m.stages {
		for _, i := range s.Instructions {
			if i.Keyword == "VOLUME" {
				m.volume(s, i)
			}
		}
	}
	if m.wasRoot() && m.moving() {
		m.namedVolumes()
	}
}

// namedVolumes does the same for volumes that compose files mount into the image.
// https://docs.docker.com/reference/compose-file/services/#volumes
func (m *migration) namedVolumes() {
	given := m.givenFolders()
	for _, s := range m.services() {
		if s.node.Get("user") != nil {
			continue // somebody else runs it, as the file says
		}
		for _, v := range s.node.List("volumes") {
			p, named := volumeOf(v)
			switch {
			case path.Base(p) == "docker.sock":
				m.person(s.place(v), "The application talks to Docker, whose socket is open to root and to a group of the host, and the application is no longer root.", "Give the container the group of the socket with `group_add`, or keep the image.")
				continue
			case p == "" || m.made[p] || named && given[p] || p == rootHome || below(p, rootHome) || slices.Contains(writable, p):
				continue // below the last of them root would make the folder
			case !named:
				m.note(s.place(v), "What %s mounts from the host at %s has to be open to 1654, the number of `app`, where the application writes to it.", checks.Code(s.name), checks.Code(p))
				continue
			}
			step := len(m.plan.Steps)
			for _, i := range m.images {
				shop := m.shop(i.leaf)
				shop.do(step, "mkdir -p "+m.rootfs()+p)
				m.insertAfter(step, i.leaf.From, m.copyFrom(shop, m.owner, p))
			}
			m.made[p] = true
			m.stepAt(s.place(v), "Give "+checks.Code(p)+" to the application", "A new volume begins with what the image has there; where that is nothing it belongs to root, and the application may not write.")
			m.note(s.place(v), "A volume that exists already keeps its owner: give its files to 1654, the number of `app`, once.")
		}
	}
}

// volumeOf is where a volume of a compose file is mounted to be written, empty where it is
// not or that cannot be told, and whether it is one with a name rather than a folder of the
// host.
func volumeOf(v *kube.Node) (target string, named bool) {
	var from, mode string
	if v.Kind == kube.Mapping {
		from, target = v.Text("source"), v.Text("target")
		if v.Text("read_only") == "true" || v.Text("type") == "tmpfs" {
			return "", false
		}
	} else {
		parts := strings.Split(v.Value, ":")
		if len(parts) < 2 || len(parts) > 3 {
			return "", false
		}
		from, target = parts[0], parts[1]
		if len(parts) == 3 {
			mode = parts[2]
		}
	}
	target, ok := absolute(dockerfile.Setting[string]{}, target)
	if !ok || target == "/" || slices.Contains(strings.Split(mode, ","), "ro") {
		return "", false
	}
	return target, from != "" && !strings.ContainsAny(from, `/\.~$`)
}

func (m *migration) volume(s *dockerfile.Stage, i *dockerfile.Instruction) {
	var lines []string
	var paths []string
	step := len(m.plan.Steps)
	for _, w := range i.Words {
		p, ok := absolute(i.Before().Workdir, w.Value)
		if !ok {
			m.person(m.at(w.Span), "Which folder "+checks.Code(w.Value)+" is cannot be told, so it may belong to root.", "Write the path out.")
			return
		}
		if m.made[p] || slices.Contains(writable, p) {
			continue // below one of them root would make the folder
		}
		if slices.ContainsFunc(m.deliveries(i), func(d delivery) bool { return d.to == p || below(p, d.to) }) {
			m.note(m.at(w.Span), "What is copied to %s belongs to root unless `COPY` has `--chown`, and so does the volume.", checks.Code(p))
			continue
		}
		shop := m.shop(s)
		shop.do(step, "mkdir -p "+m.rootfs()+p)
		lines = append(lines, m.copyFrom(shop, m.owner, p))
		m.made[p] = true
		paths = append(paths, p)
	}
	if len(lines) == 0 {
		return
	}
	m.step(i.Span, "Give "+checks.Codes(paths)+" to the application", "A new volume begins with what the image has there; where that is nothing it belongs to root, and the application may not write.",
		m.edit(source.Span{Start: i.Span.Start, End: i.Span.Start}, strings.Join(lines, m.lineBreak()+m.indent(i))+m.lineBreak()+m.indent(i)))
	if m.wasRoot() {
		m.note(m.at(i.Span), "A volume that exists already keeps its owner: give its files to 1654, the number of `app`, once.")
	}
}
