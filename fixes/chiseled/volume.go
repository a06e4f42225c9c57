package chiseled

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

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
				line, behind := m.bring(shop, m.owner, p, i.leaf.From)
				m.insertAfter(step, cmp.Or(behind, i.leaf.From), line)
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
	var lines, paths []string
	var edits []source.Edit
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
		if own, copied := m.copiedTo(s, p); copied {
			edits = append(edits, own...)
			if len(own) > 0 {
				paths = append(paths, p)
			}
			continue
		}
		shop := m.shop(s)
		shop.do(step, "mkdir -p "+m.rootfs()+p)
		line, behind := m.bring(shop, m.owner, p, i)
		switch {
		case behind != nil:
			m.insertAfter(step, behind, line)
		case !slices.Contains(lines, line):
			lines = append(lines, line)
		}
		m.made[p] = true
		paths = append(paths, p)
	}
	if len(paths) == 0 {
		return
	}
	if len(lines) > 0 {
		edits = append(edits, m.edit(source.Span{Start: i.Span.Start, End: i.Span.Start}, strings.Join(lines, m.lineBreak()+m.indent(i))+m.lineBreak()+m.indent(i)))
	}
	m.step(i.Span, "Give "+checks.Codes(paths)+" to the application", "A new volume begins with what the image has there; where that is nothing it belongs to root, and the application may not write.", edits...)
	if m.wasRoot() {
		m.note(m.at(i.Span), "A volume that exists already keeps its owner: give its files to 1654, the number of `app`, once.")
	}
}

// copiedTo are the edits that give the application what a stage copies to a folder itself;
// false where it copies nothing there.
func (m *migration) copiedTo(s *dockerfile.Stage, folder string) (edits []source.Edit, copied bool) {
	for _, d := range deliveriesOf(s) {
		switch {
		case d.to == folder && d.Flag("chown") == nil && m.wasRoot() && m.moving():
			edits = append(edits, m.edit(source.Span{Start: d.KeywordSpan.End, End: d.KeywordSpan.End}, " --chown="+m.owner))
		case d.to != folder && !(below(folder, d.to) && m.bringsMade(d, strings.TrimPrefix(folder, d.to))):
			continue
		}
		copied = true
	}
	return edits, copied
}

// bringsMade reports whether what a COPY gives to somebody is a folder of another stage in which
// a command makes a folder.
func (m *migration) bringsMade(d delivery, folder string) bool {
	from := d.Flag("from")
	if d.Flag("chown") == nil || from == nil || len(d.Words) != 2 {
		return false
	}
	stage := m.File.Stage(from.Value)
	return stage != nil && m.foldersIn(stage)[path.Join("/", d.Words[0].Value, folder)]
}

// foldersIn are the folders that commands of a stage make, found once: of many volumes each
// asks for them at each COPY.
func (m *migration) foldersIn(stage *dockerfile.Stage) map[string]bool {
	if folders, ok := m.folders[stage]; ok {
		return folders
	}
	folders := map[string]bool{}
	for i := range stage.InChain("RUN") {
		commands, _ := i.Script()
		for _, c := range commands {
			if path.Base(c.Name) != "mkdir" {
				continue
			}
			for _, w := range c.Args {
				if w.Static {
					folders[path.Clean(w.Value)] = true
				}
			}
		}
	}
	m.folders[stage] = folders
	return folders
}

// bring is the instruction that brings a folder from a workshop and gives it to the
// application, in the place of another one, or behind a later one, which is nil for most.
// What is copied above the folder may have it too, as root's: BuildKit gives a folder that
// is there to the owner of a folder in what is copied, but not of what is copied itself.
func (m *migration) bring(w *workshop, owner, folder string, at *dockerfile.Instruction) (line string, behind *dockerfile.Instruction) {
	line = m.copyFrom(w, owner, folder)
	if !m.wasRoot() { // as today
		return line, nil
	}
	for _, d := range deliveriesOf(at.Stage) {
		if d.Flag("chown") != nil || d.to == "/" || !below(folder, d.to) {
			continue
		}
		line = m.copyFrom(w, owner, path.Dir(folder)+"/")
		if d.Stage == at.Stage && d.Span.Start > at.Span.Start {
			behind = d.Instruction
		}
	}
	return line, behind
}
