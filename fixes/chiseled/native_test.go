package chiseled

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes/plantest"
)

// sharedObject is a shared library with nothing but what it needs.
func sharedObject(sonames ...string) string {
	strs := []byte{0}
	var entries []byte
	entry := func(tag, value int) {
		entries = binary.LittleEndian.AppendUint64(entries, uint64(tag))
		entries = binary.LittleEndian.AppendUint64(entries, uint64(value))
	}
	for _, s := range sonames {
		entry(1, len(strs))
		strs = append(append(strs, s...), 0)
	}
	const address = 0x1000 // at which all of the file is loaded
	start := 64 + 2*56
	entry(5, address+start+16*(len(sonames)+2))
	entry(0, 0)
	size := start + len(entries) + len(strs)
	file := make([]byte, start, size)
	copy(file, "\x7fELF\x02\x01\x01")
	binary.LittleEndian.PutUint64(file[32:], 64)
	binary.LittleEndian.PutUint16(file[56:], 2)
	segment := func(at, kind, offset, length int) {
		binary.LittleEndian.PutUint32(file[at:], uint32(kind))
		binary.LittleEndian.PutUint64(file[at+8:], uint64(offset))
		binary.LittleEndian.PutUint64(file[at+16:], uint64(address+offset))
		binary.LittleEndian.PutUint64(file[at+32:], uint64(length))
	}
	segment(64, 1, 0, size)
	segment(64+56, 2, start, len(entries))
	return string(append(append(file, entries...), strs...))
}

func TestNeeded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []string
		ok   bool
	}{
		"large":           {sharedObject("libaio.so.1") + strings.Repeat("\x00", source.MaxFileBytes), []string{"libaio.so.1"}, true},
		"libraries":       {sharedObject("libaio.so.1", "libc.so.6"), []string{"libaio.so.1", "libc.so.6"}, true},
		"nothing":         {sharedObject(), nil, true},
		"empty":           {"", nil, false},
		"text":            {"version https://git-lfs.github.com/spec/v1\noid sha256:00000000000000000000000000\nsize 1\n", nil, false},
		"32 bits":         {"\x7fELF\x01" + sharedObject("libc.so.6")[5:], nil, false},
		"cut off":         {sharedObject("libc.so.6")[:120], nil, false},
		"without its end": {sharedObject("libc.so.6")[:len(sharedObject("libc.so.6"))-1], nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := needed(strings.NewReader(c.text), int64(len(c.text)))
			if diff := cmp.Diff(c.want, got); diff != "" || ok != c.ok {
				t.Errorf("needed is %t, want %t (-want +got):\n%s", ok, c.ok, diff)
			}
		})
	}
}

func FuzzNeeded(f *testing.F) {
	f.Add(sharedObject("libaio.so.1", "libc.so.6"))
	f.Add(sharedObject())
	f.Fuzz(func(_ *testing.T, text string) { needed(strings.NewReader(text), int64(len(text))) })
}

// TestNative plans for an image whose projects bring a native library: a txtar file cannot
// hold one.
func TestNative(t *testing.T) {
	t.Parallel()
	const (
		file    = "runtimes/linux-x64/native/libcat.so"
		full    = "aspnet:8.0"
		missing = "`runtimes/linux-x64/native/libcat.so`, which the projects bring, loads `libcurl.so.4`, and a chiseled image has no such library."
	)
	for name, c := range map[string]struct {
		file, base, lines string
		loads             []string
		want              []string
		padding           int
	}{
		"in the image":         {file, full, "", []string{"libc.so.6", "libstdc++.so.6", "ld-linux-x86-64.so.2"}, nil, 0},
		"missing":              {file, full, "", []string{"libc.so.6", "libcurl.so.4"}, []string{missing}, 0},
		"larger than a text":   {file, full, "", []string{"libcurl.so.4"}, []string{missing}, source.MaxFileBytes},
		"copied":               {file, full, "COPY --from=build /libs/libcurl.so.4 /usr/lib/\n", []string{"libcurl.so.4"}, nil, 0},
		"not there today":      {file, full, "", []string{"libaio.so.1", "libgomp.so.1"}, nil, 0},
		"installed by chance":  {file, full, "RUN apt-get update && apt-get install -y vim\n", []string{"libsodium.so.23"}, []string{strings.ReplaceAll(missing, "libcurl.so.4", "libsodium.so.23")}, 0},
		"from Alpine":          {file, "aspnet:8.0-alpine", "", []string{"libaio.so.1"}, []string{strings.ReplaceAll(missing, "libcurl.so.4", "libaio.so.1")}, 0},
		"zlib before .NET 9":   {file, full, "", []string{"libz.so.1"}, nil, 0},
		"for musl":             {"runtimes/linux-musl-x64/native/libcat.so", full, "", []string{"libcurl.so.4"}, nil, 0},
		"for another system":   {"runtimes/osx-x64/native/libcat.so", full, "", []string{"libcurl.so.4"}, nil, 0},
		"in a folder of tests": {"tests/libcat.so", full, "", []string{"libcurl.so.4"}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plans := plantest.Plans(t, Recipe(Options{}), map[string]string{
				"Dockerfile": "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build\nCOPY . .\nRUN dotnet publish Cats.csproj -o /out\n" +
					"FROM mcr.microsoft.com/dotnet/" + c.base + "\n" + c.lines + "COPY --from=build /out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n",
				"Cats.csproj": "<Project Sdk=\"Microsoft.NET.Sdk.Web\" />\n",
				c.file:        sharedObject(c.loads...) + strings.Repeat("\x00", c.padding),
			})
			var got []string
			for _, p := range plans {
				for _, r := range p.Reasons {
					got = append(got, r.Message)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}
