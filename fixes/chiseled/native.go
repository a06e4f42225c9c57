package chiseled

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
)

// maxNative is how many native libraries of a repository are read.
const maxNative = 50

// native looks at the native libraries that the projects themselves bring: what they load
// in turn has to be in the image.
func (m *migration) native() {
	for _, i := range m.images {
		var own []string
		unread := map[string]string{}  // why, by path
		missing := map[string]string{} // sonames and who loads them
		m.namesInFolders(i.needs.Folders, isNative, func(name string) bool {
			own = append(own, path.Base(name))
			text, err := m.Tree.Read(name)
			if err != nil {
				unread[name] = "it could not be read"
				if errors.Is(err, source.ErrTooLarge) {
					unread[name] = source.ErrTooLarge.Error()
				}
				return len(own) < maxNative
			}
			loads, ok := needed(text.Text())
			if !ok {
				unread[name] = "it is no ELF file of 64 bits"
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
		for _, name := range slices.Sorted(maps.Keys(unread)) {
			m.person(at, fmt.Sprintf("The projects bring the native library %s, and what it loads is not known: %s.", checks.Code(name), unread[name]),
				"Look with `objdump -p` for what it needs. Where that is in the image, or the application never loads it, change the tag by hand.")
		}
		for _, soname := range slices.Sorted(maps.Keys(missing)) {
			m.person(at, fmt.Sprintf("%s, which the projects bring, loads %s, and a chiseled image has no such library.", checks.Code(missing[soname]), checks.Code(soname)),
				fmt.Sprintf("Copy %s to `/usr/lib/` from a stage of the same Ubuntu release, then ask again. If the application never loads it, change the tag by hand.", checks.Code(soname)))
		}
	}
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
func needed(text string) ([]string, bool) {
	const (
		header, program, entry = 64, 56, 16
		load, dynamic          = 1, 2
		end, need, table       = 0, 1, 5
		most                   = 1000
	)
	file := []byte(text)
	size := uint64(len(file))
	if size < header || text[:6] != "\x7fELF\x02\x01" { // 64 bits, the lowest byte first
		return nil, false
	}
	word := binary.LittleEndian.Uint64
	first, count := word(file[32:]), min(uint64(binary.LittleEndian.Uint16(file[56:])), most)
	type segment struct{ offset, address, length uint64 }
	var loaded []segment
	var entries []byte
	for n := range count {
		at := first + n*program
		if at > size || size-at < program {
			return nil, false
		}
		p := file[at:]
		s := segment{word(p[8:]), word(p[16:]), word(p[32:])}
		if s.offset > size || size-s.offset < s.length {
			return nil, false
		}
		switch binary.LittleEndian.Uint32(p) {
		case load:
			loaded = append(loaded, s)
		case dynamic:
			entries = file[s.offset : s.offset+s.length]
		}
	}
	var names []uint64
	strs := uint64(0)
	for n := 0; len(entries) >= entry && n < most; n++ {
		tag, value := word(entries), word(entries[8:])
		entries = entries[entry:]
		switch tag {
		case end:
			entries = nil
		case need:
			names = append(names, value)
		case table:
			strs = value
		}
	}
	var found []string
	for _, s := range loaded {
		if strs < s.address || strs-s.address >= s.length {
			continue
		}
		texts := file[s.offset+strs-s.address : s.offset+s.length]
		for _, n := range names {
			if n >= uint64(len(texts)) {
				return nil, false
			}
			length := slices.Index(texts[n:min(uint64(len(texts)), n+256)], 0)
			if length < 0 {
				return nil, false
			}
			found = append(found, string(texts[n:n+uint64(length)]))
		}
		return found, true
	}
	return nil, len(loaded) > 0 && len(names) == 0
}
