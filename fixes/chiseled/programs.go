package chiseled

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/dotnet"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// Bounds on the source that is read.
const (
	maxSourceFiles = 2000
	maxSourceBytes = 16 << 20
)

// programs looks for what the application needs beside .NET: packages with native
// libraries or programs, and programs that its source starts.
// https://github.com/elastic/docs-builder/pull/717
func (m *migration) programs() {
	if !m.moving() {
		return
	}
	for _, i := range m.images {
		for _, e := range i.needs.Native {
			if m.lacksToday(i, e) {
				m.note(fixes.Place{File: e.File, Span: e.Span}, "%s. The image of today lacks it as well.", e.Why)
				continue
			}
			m.person(fixes.Place{File: e.File, Span: e.Span}, "The application may not work in a chiseled image: "+e.Why+".", "Make sure that the application works without, or keep the full image.")
		}
		for _, problem := range i.needs.Problems {
			m.note(m.at(i.leaf.From.Words[0].Span), "%s What it needs is not known.", problem)
		}
		if !i.needs.Found {
			m.note(m.at(i.leaf.From.Words[0].Span), "The project of this image was not found in the repository: what it needs of the image is not known.")
		}
	}
	m.native()
	found := 0
	m.source(func(text *source.File) bool {
		for _, at := range startsProgram.FindAllStringSubmatchIndex(text.Text(), -1) {
			line := strings.TrimSpace(text.LineText(text.LineAt(at[0])))
			if isComment(line) {
				continue
			}
			name := ""
			if at[2] >= 0 {
				name = text.Text()[at[2]:at[3]]
			}
			if name == "dotnet" {
				continue
			}
			what := "a program"
			if name != "" {
				what = checks.Code(name)
			}
			m.person(fixes.Place{File: text, Span: source.Span{Start: at[0], End: at[1]}}, fmt.Sprintf("The source starts %s, and a chiseled image has no programs but the application's.", what), "If the application gets there in production, keep the full image; otherwise change the tag by hand.")
			if found++; found == 5 {
				return false
			}
		}
		return true
	})
}

// lacksToday reports whether the full image of today has what a package needs as little as
// the chiseled one: Microsoft's image does not have it, and nothing brings anything else.
func (m *migration) lacksToday(i *image, e dotnet.Evidence) bool {
	if e.Until != "" && len(i.from.Version) == 3 && i.from.Version < e.Until || i.adopted {
		return false
	}
	for _, s := range i.leaf.Chain() {
		for _, in := range s.Instructions {
			switch in.Keyword {
			case "RUN":
				commands, ok := in.Commands()
				if !ok || slices.ContainsFunc(commands, func(c dockerfile.ShellCommand) bool { return !m.harmless(i, c) }) {
					return false
				}
			case "COPY", "ADD":
				if to, ok := absolute(in.Before().Workdir, in.Words[len(in.Words)-1].Value); !ok || to == "/" || below(to, "/usr") || below(to, "/lib") || to == "/usr" || to == "/lib" {
					return false
				}
			}
		}
	}
	return true
}

// harmless reports whether a command brings no library and no program into an image but
// what is known to be of no use to a package.
func (m *migration) harmless(i *image, c dockerfile.ShellCommand) bool {
	if !isManager(c.Name) {
		return slices.Contains([]string{"mkdir", "chown", "chmod", "touch", "true", "echo", "ls", "rm", "useradd", "adduser", "groupadd", "addgroup", "usermod", "dotnet"}, path.Base(c.Name))
	}
	verb := ""
	for _, a := range c.Args {
		switch {
		case !a.Static || strings.Contains(a.Value, "/"):
			return false
		case strings.HasPrefix(a.Value, "-"):
		case verb == "":
			verb = a.Value
		case verb == "install" || verb == "add":
			if !slices.Contains([]packageKind{inImage, inExtra, forPeople, httpClient}, kindOf(packageName(a.Value), i.to)) {
				return false
			}
		}
	}
	return slices.Contains([]string{"update", "upgrade", "clean", "install", "add", "autoremove"}, verb)
}

// startsProgram is where C# starts another program. Process.Start alone may be a method
// of a variable.
var startsProgram = regexp.MustCompile(`\b(?:Process\.Start|new ProcessStartInfo)\s*\(\s*(?:@?"([^"\n]*)")?`)

// moving reports whether some image has a shell today.
func (m *migration) moving() bool {
	return slices.ContainsFunc(m.images, func(i *image) bool { return !i.from.Chiseled })
}

// source gives the source files of the projects in the images, until each says no.
func (m *migration) source(each func(*source.File) bool) {
	files, size := 0, 0
	m.inFolders(func(name string) bool { return path.Ext(name) == ".cs" }, func(text *source.File) bool {
		files, size = files+1, size+len(text.Text())
		if files > maxSourceFiles || size > maxSourceBytes {
			m.unread(fixes.Place{File: text}, fmt.Sprintf("The projects have more source than the %d files or %d MiB that are read of it", maxSourceFiles, maxSourceBytes>>20))
			return false
		}
		return each(text)
	})
}

// unread leaves it to a person, once, that not all files of the projects were read.
func (m *migration) unread(at fixes.Place, why string) {
	if !m.partly {
		m.partly = true
		m.person(at, why+": where the application listens, what it starts and where it writes is not known for certain.",
			"Look for `Process.Start`, `UseUrls`, `ListenAnyIP` and files that are written in what is not read, then make the change by hand.")
	}
}

// inFolders gives the files that match in the folders of the projects, each once, until
// each says no.
func (m *migration) inFolders(match func(string) bool, each func(*source.File) bool) {
	var folders []string
	for _, i := range m.images {
		folders = append(folders, i.needs.Folders...)
	}
	m.namesInFolders(folders, match, func(name string) bool {
		text, err := m.Tree.Read(name)
		if err != nil {
			m.unread(fixes.Place{File: source.NewFile(name, "")}, fmt.Sprintf("A file of the projects is not known (%v)", err))
			return true
		}
		return each(text)
	})
}

// namesInFolders gives the names of the files that match in some folders, each once, until
// each says no.
func (m *migration) namesInFolders(folders []string, match, each func(string) bool) {
	seen := map[string]bool{}
	for _, folder := range folders {
		names := m.Files
		if folder != "." {
			first, _ := slices.BinarySearch(names, folder+"/")
			last, _ := slices.BinarySearch(names, folder+"0") // '0' follows '/'
			names = names[first:last]
		}
		for _, name := range names {
			if seen[name] || !match(name) || strings.Contains("/"+name, "/bin/") || strings.Contains("/"+name, "/obj/") || isTest(name) {
				continue
			}
			seen[name] = true
			if !each(name) {
				return
			}
		}
	}
}

// isTest reports whether a file lies in a folder of tests, which are not in the image.
func isTest(name string) bool {
	for part := range strings.SplitSeq(path.Dir(name), "/") {
		if p := strings.ToLower(part); p == "test" || p == "tests" || strings.HasSuffix(p, ".tests") || strings.HasSuffix(p, ".test") || strings.HasSuffix(p, "tests") {
			return true
		}
	}
	return false
}

// isScript reports whether a program that an instruction calls is a script of the tree.
func (m *migration) isScript(at *dockerfile.Instruction, program string) bool {
	target, ok := absolute(at.Stage.State().Workdir, program)
	if !ok {
		return false
	}
	for _, d := range deliveries(at) {
		if d.Flag("from") != nil {
			continue
		}
		for _, w := range d.Words[:len(d.Words)-1] {
			var names []string
			switch {
			case d.to == target:
				names = []string{w.Value}
			case d.folder && path.Join(d.to, path.Base(w.Value)) == target, path.Base(target) == path.Base(w.Value) && !strings.Contains(program, "/"):
				names = []string{w.Value}
			case below(target, d.to):
				names = []string{path.Join(w.Value, strings.TrimPrefix(target, d.to))}
			}
			for _, name := range names {
				for _, context := range []string{path.Dir(m.File.Path()), "."} {
					if text, err := m.Tree.Read(path.Join(context, name)); err == nil && strings.HasPrefix(text.Text(), "#!") {
						return true
					}
				}
			}
		}
	}
	return false
}
