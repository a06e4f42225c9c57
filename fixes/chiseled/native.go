package chiseled

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// maxNative is how many native libraries of a repository are read.
const maxNative = 50

// Why a native library says nothing of what it loads.
const (
	unreadable = "it could not be read"
	noELF      = "it is no ELF file of 64 bits"
)

// native looks at the native libraries that the projects themselves bring: what they load
// in turn has to be in the image.
func (m *migration) native() {
	for _, i := range m.images {
		var own []string
		unread := map[string][]string{} // paths, by why
		missing := map[string]string{}  // sonames and who loads them
		m.namesInFolders(i.needs.Folders, isNative, func(name string) bool {
			own = append(own, path.Base(name))
			var loads []string
			ok := false
			err := m.Tree.Parts(name, func(file io.ReaderAt, size int64) { loads, ok = needed(file, size) })
			switch {
			case errors.Is(err, source.ErrTooLarge):
				unread[source.ErrTooLarge.Error()] = append(unread[source.ErrTooLarge.Error()], name)
			case err != nil:
				unread[unreadable] = append(unread[unreadable], name)
			case !ok:
				unread[noELF] = append(unread[noELF], name)
			}
			for _, soname := range loads {
				if _, known := missing[soname]; !known && !m.provides(i, soname) {
					missing[soname] = name
				}
			}
			return len(own) < maxNative
		})
		for soname := range missing {
			if slices.Contains(own, soname) {
				delete(missing, soname)
			}
		}
		at := m.at(i.leaf.From.Words[0].Span)
		for _, why := range slices.Sorted(maps.Keys(unread)) {
			m.person(at, fmt.Sprintf("What native libraries load that the projects bring is not known: of %s, because %s.", checks.Codes(unread[why]), why),
				"Look with `objdump -p` for what they need. Where that is in the image, or the application never loads them, change the tag by hand.")
		}
		for _, soname := range slices.Sorted(maps.Keys(missing)) {
			if neverHad(i, soname) {
				m.note(at, "%s, which the projects bring, loads %s. The image of today does not have that either.", checks.Code(missing[soname]), checks.Code(soname))
				continue
			}
			m.person(at, fmt.Sprintf("%s, which the projects bring, loads %s, and a chiseled image has no such library.", checks.Code(missing[soname]), checks.Code(soname)),
				fmt.Sprintf("Copy %s to `/usr/lib/` from a stage of the same Ubuntu release, then ask again. If the image of today has none either, or the application never loads it, change the tag by hand.", checks.Code(soname)))
		}
	}
}

// neverHad reports whether an image lacks a library today as well: no full image of .NET
// brings it, and the Dockerfile installs nothing. On Alpine the application loads what was
// built for musl, which says nothing.
// https://github.com/dotnet/dotnet-docker/tree/main/src/runtime-deps
func neverHad(i *image, soname string) bool {
	known := slices.ContainsFunc([]string{"libaio", "libgomp", "liblua5.4", "libsodium", "libsqlite3", "liburing"}, func(name string) bool {
		return strings.HasPrefix(soname, name+".so")
	})
	return known && !strings.HasPrefix(i.from.Distro, "alpine") && !slices.ContainsFunc(i.leaf.Chain(), func(s *dockerfile.Stage) bool {
		return slices.ContainsFunc(s.Instructions, func(in *dockerfile.Instruction) bool { return in.Keyword == "RUN" })
	})
}

// runtimeFolder is the folder of what is for one system and architecture.
var runtimeFolder = regexp.MustCompile(`(?:^|/)runtimes/([^/]+)/`)

// isNative reports whether a file is a shared library for Linux with glibc.
func isNative(name string) bool {
	base := path.Base(name)
	if !strings.HasSuffix(base, ".so") && !strings.Contains(base, ".so.") {
		return false
	}
	for _, rid := range runtimeFolder.FindAllStringSubmatch(name, 1) {
		return strings.HasPrefix(rid[1], "linux-") && !strings.HasPrefix(rid[1], "linux-musl-")
	}
	return true
}

// baseLibraries are the libraries of the packages that every chiseled image has: libc6,
// libgcc-s1, libssl3 and libstdc++6.
// https://packages.ubuntu.com/noble/amd64/libc6/filelist
var baseLibraries = []string{
	"libBrokenLocale.so.1", "libanl.so.1", "libc.so.6", "libcrypto.so.3", "libdl.so.2", "libgcc_s.so.1", "libm.so.6", "libmvec.so.1", "libpthread.so.0",
	"libresolv.so.2", "librt.so.1", "libssl.so.3", "libstdc++.so.6", "libthread_db.so.1", "libutil.so.1",
}

// provides reports whether an image will have a library: by itself, or because the
// Dockerfile copies it.
func (m *migration) provides(i *image, soname string) bool {
	switch {
	case slices.Contains(baseLibraries, soname), strings.HasPrefix(soname, "ld-linux"):
		return true
	case soname == "libz.so.1" && (i.to.Distro == "resolute" || i.to.Version == "6.0" || i.to.Version == "7.0" || i.to.Version == "8.0"):
		return true
	case slices.Contains(m.sonames, soname):
		return true
	}
	stem, _, _ := strings.Cut(soname, ".so")
	for _, s := range i.leaf.Chain() {
		for _, in := range s.Instructions {
			if (in.Keyword == "COPY" || in.Keyword == "ADD") && strings.Contains(in.Logical.Text, stem) {
				return true
			}
		}
	}
	return false
}

// needed are the libraries that a shared library in the ELF format of 64 bits names, false
// where it is not one that can be read. Every number in it may be a lie.
// https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.dynamic.html
func needed(file io.ReaderAt, size int64) ([]string, bool) {
	const (
		header, program, entry = 64, 56, 16
		load, dynamic          = 1, 2
		end, need, table       = 0, 1, 5
		most                   = 1000
		longest                = 256 // characters of a name
	)
	whole := uint64(max(size, 0))
	part := func(at, length uint64) ([]byte, bool) {
		if at > whole || whole-at < length {
			return nil, false
		}
		b := make([]byte, length) // at most what most of something takes
		n, _ := file.ReadAt(b, int64(at))
		return b, uint64(n) == length
	}
	head, ok := part(0, header)
	if !ok || string(head[:6]) != "\x7fELF\x02\x01" { // 64 bits, the lowest byte first
		return nil, false
	}
	word := binary.LittleEndian.Uint64
	first, count := word(head[32:]), min(uint64(binary.LittleEndian.Uint16(head[56:])), most)
	programs, ok := part(first, count*program)
	if !ok {
		return nil, false
	}
	type segment struct{ offset, address, length uint64 }
	var loaded []segment
	var entries []byte
	for p := range slices.Chunk(programs, program) {
		s := segment{word(p[8:]), word(p[16:]), word(p[32:])}
		if s.offset > whole || whole-s.offset < s.length {
			return nil, false
		}
		switch binary.LittleEndian.Uint32(p) {
		case load:
			loaded = append(loaded, s)
		case dynamic:
			if entries, ok = part(s.offset, min(s.length, most*entry)); !ok {
				return nil, false
			}
		}
	}
	var names []uint64
	strs := uint64(0)
	for e := range slices.Chunk(entries, entry) {
		if len(e) < entry || word(e) == end {
			break
		}
		switch word(e) {
		case need:
			names = append(names, word(e[8:]))
		case table:
			strs = word(e[8:])
		}
	}
	for _, s := range loaded {
		if strs < s.address || strs-s.address >= s.length {
			continue
		}
		texts, rest := s.offset+strs-s.address, s.length-(strs-s.address)
		var found []string
		for _, n := range names {
			if n >= rest {
				return nil, false
			}
			text, ok := part(texts+n, min(rest-n, longest))
			length := slices.Index(text, 0)
			if !ok || length < 0 {
				return nil, false
			}
			found = append(found, string(text[:length]))
		}
		return found, true
	}
	return nil, len(loaded) > 0 && len(names) == 0
}
