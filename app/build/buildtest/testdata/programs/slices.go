package main

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// download is curl, which gets a chisel whatever it is asked for.
func download(args []string) error {
	var dir, url string
	for n, a := range args {
		switch {
		case a == "--output-dir":
			dir = args[n+1]
		case strings.HasPrefix(a, "https://github.com/canonical/chisel/"):
			url = a
		}
	}
	if url == "" {
		fmt.Println("curl")
		return nil
	}
	f, err := os.Create(filepath.Join(dir, filepath.Base(url)))
	if err != nil {
		return err
	}
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "chisel", Linkname: "dotnet-programs"}); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return f.Close()
}

// sums is sha384sum -c --ignore-missing: it wants a sum for a file that is there.
func sums(args []string) error {
	text, err := os.ReadFile(args[len(args)-1])
	if err != nil {
		return err
	}
	for _, m := range regexp.MustCompile(`(?m)^[0-9a-f]{96}  (\S+)$`).FindAllStringSubmatch(string(text), -1) {
		if exists(m[1]) {
			return nil
		}
	}
	return fmt.Errorf("sha384sum: no file was verified")
}

// decompress is zstd -d -o TO FROM of what is not compressed here.
func decompress(args []string) error {
	text, err := os.ReadFile(args[len(args)-1])
	if err != nil {
		return err
	}
	return os.WriteFile(args[len(args)-2], text, 0o644)
}

// debian is dpkg and dpkg-deb.
func debian(args []string) error {
	if args[0] == "--print-architecture" {
		fmt.Println("amd64")
		return nil
	}
	text, err := os.ReadFile(args[len(args)-1])
	if err != nil {
		return err
	}
	control, ok := strings.CutPrefix(string(text), archive)
	if !ok {
		return fmt.Errorf("dpkg-deb: error: not a Debian format archive")
	}
	fmt.Print(control)
	return nil
}

const archive = "!<arch>\n"

// cut is chisel: it writes a file for each slice, and the list of slices where a slice
// asks for that. Of what is in the folder it knows nothing.
func cut(args []string) error {
	var root, list string
	var slices []string
	for n := 1; n < len(args); n++ {
		switch args[n] {
		case "--root":
			n++
			root = args[n]
		case "--release":
			n++
		default:
			slices = append(slices, args[n])
		}
	}
	for _, s := range slices {
		name, _, ok := strings.Cut(s, "_")
		if !ok {
			return fmt.Errorf("error: invalid slice reference: %q", s)
		}
		list += fmt.Sprintf("{\"kind\":\"slice\",\"name\":%q}\n", s)
		file := filepath.Join(libraries, name+".so.0")
		if name == "libc6" {
			file = filepath.Join(libraries, "libc.so.6")
		}
		if err := write(root+file, "library", 0o644); err != nil {
			return err
		}
		if err := write(os.Getenv("XDG_CACHE_HOME")+"/chisel/sha256/"+name, archive+"Package: "+name+"\nVersion: 2\n", 0o644); err != nil {
			return err
		}
	}
	if !strings.Contains(list, "base-files_chisel") {
		return nil
	}
	if err := write(os.Getenv("XDG_CACHE_HOME")+"/chisel/sha256/index", "Origin: Ubuntu\n", 0o644); err != nil {
		return err
	}
	return write(root+"/var/lib/chisel/manifest.wall", list, 0o644)
}
