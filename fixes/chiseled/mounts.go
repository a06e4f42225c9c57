package chiseled

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/fixes"
)

// A mount is a volume or a folder of the host that a compose file gives to a service.
type mount struct {
	service service
	at      fixes.Place
	to      string
	host    bool
}

// mounts gives the application the folders at which compose files mount volumes, as
// [migration.volumes] does with those that the Dockerfile declares.
// https://docs.docker.com/reference/compose-file/services/#volumes
func (m *migration) mounts() {
	if !m.moving() || !m.wasRoot() || len(m.images) != 1 {
		return
	}
	leaf := m.images[0].leaf
	given := m.givenFolders()
	var done []string
	for _, s := range m.services() {
		for _, v := range mountsOf(s) {
			free := slices.ContainsFunc(writable, func(dir string) bool { return v.to == dir || below(v.to, dir) })
			for at := v.to; at != "/"; at = path.Dir(at) {
				free = free || given[at]
			}
			if free || m.made[v.to] || slices.Contains(done, v.to) {
				continue
			}
			done = append(done, v.to)
			switch {
			case v.host:
				m.note(v.at, "Of what the host has at %s of %s the application may write only what the host lets the number 1654 write.", checks.Code(v.to), checks.Code(s.name))
			case m.delivered(leaf, v.to):
				m.person(v.at, fmt.Sprintf("A volume is mounted at %s, and begins with what the image has there, which belongs to root.", checks.Code(v.to)),
					"Give it to the application with `COPY --chown=$APP_UID:$APP_UID`, then ask again.")
			default:
				m.giveFolder(leaf, v)
			}
		}
	}
}

// giveFolder makes the folder of a volume in a workshop and copies it into the image.
func (m *migration) giveFolder(leaf *dockerfile.Stage, v mount) {
	shop := m.shop(leaf)
	step := len(m.plan.Steps)
	m.stepAt(v.at, "Give "+checks.Code(v.to)+" to the application", "A new volume begins with what the image has there; where that is nothing it belongs to root, and the application may not write.")
	shop.do(step, "mkdir -p "+m.rootfs()+v.to)
	after := leaf.From
	for _, i := range leaf.Instructions {
		if i.Keyword == "COPY" || i.Keyword == "ADD" {
			after = i
		}
	}
	m.insertAfter(step, after, m.copyFrom(shop, m.owner, v.to))
	m.made[v.to] = true
	m.note(v.at, "A volume that exists already keeps its owner: give its files to 1654, the number of `app`, once.")
}

// delivered reports whether COPY brings what is at a path of the image.
func (m *migration) delivered(leaf *dockerfile.Stage, name string) bool {
	for _, s := range leaf.Chain() {
		for _, i := range s.Instructions {
			if (i.Keyword != "COPY" && i.Keyword != "ADD") || len(i.Words) < 2 {
				continue
			}
			if to, ok := absolute(i.Before().Workdir, i.Words[len(i.Words)-1].Value); ok && (to == name || below(name, to)) {
				return true
			}
		}
	}
	return false
}

// mountsOf are the places at which a service may write to a volume or to the host, in short
// form (data:/data:rw) or long. A service that runs as somebody else has none.
func mountsOf(s service) []mount {
	if s.node.Get("user") != nil {
		return nil
	}
	var all []mount
	for _, v := range s.node.List("volumes") {
		var from, to string
		readOnly := false
		if v.Kind == kube.Mapping {
			from, to, readOnly = v.Text("source"), v.Text("target"), v.Is(true, "read_only") || v.Text("type") == "tmpfs"
		} else {
			parts := strings.Split(v.Value, ":")
			if to = parts[0]; len(parts) > 1 {
				from, to = parts[0], parts[1]
				readOnly = len(parts) > 2 && slices.Contains(strings.Split(parts[2], ","), "ro")
			}
		}
		if readOnly || !path.IsAbs(to) || path.Clean(to) == "/" || strings.ContainsAny(to, "$ ") {
			continue
		}
		all = append(all, mount{s, s.place(v), path.Clean(to), strings.ContainsAny(from, `/\.~$`)})
	}
	return all
}
