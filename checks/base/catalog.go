package base

import (
	"slices"
	"strings"
	"time"
)

// An entry is what is known of the images of one repository, as far as their tags have
// all the words of with and none of without. The first entry that fits counts.
type entry struct {
	repository    string // as people write it
	with, without []string
	name          string
	role          Role
	user          string // root when empty
	uid           int
	anyUser       bool // the user is not known
	ports         []int
	accounts      []string
	entrypoint    []string
	// os is apt, apk, dnf, microdnf, tdnf, yum, zypper, pacman: a shell and that package
	// manager; shell: only a shell; busybox: one that is on the PATH but not /bin/sh;
	// none: neither; "": unknown.
	os string
	// alpine says that os is apk for tags with a word that begins so.
	alpine bool
	icu    Known
	zones  Known
	twin   string
	note   string
	source string
	// ends is the last day of support where the tag has no part in it.
	ends time.Time
}

const (
	library    = "https://github.com/docker-library/"
	distroless = "https://github.com/GoogleContainerTools/distroless"
)

// Lookup is what is known of an image, false where nothing is. The facts must not be
// changed.
func Lookup(ref Reference) (*Facts, bool) {
	if d, ok := ParseDotNet(ref); ok {
		return d.facts(), true
	}
	name := canonical(ref)
	tag := strings.FieldsFunc(ref.Tag, func(r rune) bool { return r == '-' || r == '_' })
	for i := range catalog[name] {
		if e := &catalog[name][i]; e.fits(tag) {
			return e.facts(ref.Tag, tag), true
		}
	}
	return nil, false
}

// canonical is the repository as people write it, and for a mirror of Docker's own
// images or of Ubuntu's that of the original.
// https://docs.aws.amazon.com/AmazonECR/latest/public/docker-library.html
// https://cloud.google.com/artifact-registry/docs/pull-cached-dockerhub-images
func canonical(ref Reference) string {
	name := ref.Familiar()
	for _, mirror := range []string{"public.ecr.aws/docker/library/", "mirror.gcr.io/library/"} {
		if rest, ok := strings.CutPrefix(name, mirror); ok {
			return rest
		}
	}
	if rest, ok := strings.CutPrefix(name, "public.ecr.aws/ubuntu/"); ok {
		if rest == "ubuntu" {
			return rest
		}
		return "ubuntu/" + rest
	}
	return name
}

func (e *entry) fits(tag []string) bool {
	has := func(word string) bool { // 2 in 2.0.20260817, alpine in alpine3.24
		return slices.ContainsFunc(tag, func(w string) bool {
			return w == word || strings.HasPrefix(w, word+".") || strings.TrimRight(w, "0123456789.") == word
		})
	}
	return !slices.ContainsFunc(e.with, func(w string) bool { return !has(w) }) && !slices.ContainsFunc(e.without, has) &&
		!has("windowsservercore") && !has("nanoserver")
}

func (e *entry) facts(tag string, words []string) *Facts {
	f := &Facts{
		Name: e.name, Role: e.role, User: e.user, UID: e.uid, Ports: e.ports, Accounts: e.accounts, Entrypoint: e.entrypoint,
		StartKnown: e.role == RoleOS || e.entrypoint != nil, ICU: e.icu, TimeZones: e.zones, Twin: e.twin, TwinNote: e.note, Sources: []string{e.source},
	}
	if e.anyUser {
		f.UserUnknown, f.UID = true, -1
	}
	if tag != "" {
		f.Name += " " + tag
	}
	os := e.os
	if e.alpine && slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, "alpine") }) {
		os = "apk"
	}
	switch os {
	case "":
	case "none":
		f.Shell, f.Packages = No, No
	case "shell":
		f.Shell, f.Packages = Yes, No
	case "busybox":
		f.Packages = No // the shell form fails, an exec form with sh does not
	default:
		f.Shell, f.Packages, f.PackageManager = Yes, Yes, os
	}
	if f.EndOfLife = e.ends; e.ends.IsZero() {
		f.EndOfLife = endOfLife(e.repository, tag)
	}
	return f
}
