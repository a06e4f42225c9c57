package chiseled

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// The homes of the accounts of the image. That of root is open to root alone.
// https://github.com/canonical/chisel-releases/blob/ubuntu-24.04/slices/base-files.yaml
const (
	rootHome = "/root"
	appHome  = "/home/app"
)

// homes looks for files in the home of root, which the application can no longer read.
func (m *migration) homes() {
	const help = "Put it below `/home/app`, and name that path where it is read."
	for _, s := range m.stages {
		for _, i := range s.Instructions {
			if (i.Keyword != "COPY" && i.Keyword != "ADD") || len(i.Words) < 2 {
				continue
			}
			to := i.Words[len(i.Words)-1]
			if p, ok := absolute(i.Before().Workdir, to.Value); ok && (p == rootHome || below(p, rootHome)) {
				m.person(m.at(to.Span), fmt.Sprintf("What is copied to %s only root can read, and the application is no longer root.", checks.Code(p)), help)
			}
		}
	}
	for _, i := range m.images {
		env := i.leaf.State().Env
		var names []string
		for name, v := range env {
			if v.Origin != nil && v.Known && name != "PATH" && (path.Clean(v.Value) == rootHome || strings.HasPrefix(v.Value, rootHome+"/")) {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			m.person(m.at(env[name].Span), fmt.Sprintf("%s names a path that only root can read, and the application is no longer root.", checks.Code(name)), help)
		}
	}
	for _, s := range m.services() {
		for _, v := range s.node.List("volumes") {
			m.mounted(s, v)
		}
	}
}

// keys gives the application what only its owner may read: files that `COPY --chmod` closes,
// and private keys that an earlier stage makes, for whoever makes one lets only itself read
// it, and `COPY --from` leaves it so.
// https://learn.microsoft.com/dotnet/core/tools/dotnet-dev-certs
func (m *migration) keys() {
	for _, s := range m.stages {
		for _, i := range s.Instructions {
			from := i.Flag("from")
			if i.Keyword != "COPY" && i.Keyword != "ADD" || i.Flag("chown") != nil || len(i.Words) < 2 || m.changes(i.KeywordSpan.End) {
				continue
			}
			if f := i.Flag("chmod"); f != nil {
				m.mode(i, f)
				continue
			}
			if from == nil {
				continue
			}
			maker := m.File.Stage(from.Value)
			if maker == nil {
				continue
			}
			for _, w := range i.Words[:len(i.Words)-1] {
				copied := path.Join("/", w.Value)
				if !slices.ContainsFunc(keysOf(maker), func(key string) bool {
					matches, err := path.Match(copied, key)
					return err == nil && matches || below(key, copied)
				}) {
					continue
				}
				m.step(i.Span, "Give the files to `"+appUID+"`", fmt.Sprintf("The stage %s makes a private key, which only its owner can read.", checks.Code(maker.Name)),
					m.edit(source.Span{Start: i.KeywordSpan.End, End: i.KeywordSpan.End}, " --chown="+m.owner))
				break
			}
		}
	}
}

// mode looks at the mode that COPY gives to files. It is that of the folders too that it
// makes for them, into which only root gets without leave to search them.
func (m *migration) mode(i *dockerfile.Instruction, flag *dockerfile.Flag) {
	given := mode{mode: flag.Value}
	last := i.Words[len(i.Words)-1].Value
	to, ok := absolute(i.Before().Workdir, last)
	folder := to
	if !strings.HasSuffix(last, "/") && len(i.Words) == 2 && last != "." {
		folder = path.Dir(to)
	}
	there := ok && m.hasFolder(i, folder) && !slices.ContainsFunc(i.Words[:len(i.Words)-1], func(w dockerfile.Word) bool { return !m.isFile(w.Value) })
	owned, opens := given.opens(there)
	if !opens {
		m.person(m.at(flag.Span), fmt.Sprintf("%s is the mode of the folders too that `%s` makes or copies: only root gets into them, and the application is no longer root.", checks.Code("--chmod="+flag.Value), i.Keyword),
			"Make the folder before, with `WORKDIR`, and copy files alone; or give a mode with which folders can be entered.")
	}
	if !opens || !owned {
		return
	}
	m.step(i.Span, "Give the files to `"+appUID+"`", checks.Code("--chmod="+flag.Value)+" lets only their owner read them.",
		m.edit(source.Span{Start: i.KeywordSpan.End, End: i.KeywordSpan.End}, " --chown="+m.owner))
}

// isFile reports whether what is copied is a file for certain, or a pattern for files.
func (m *migration) isFile(name string) bool {
	_, found := slices.BinarySearch(m.Files, path.Join(path.Dir(m.File.Path()), name))
	return found || strings.Contains(strings.Trim(path.Base(name), "."), ".")
}

// hasFolder reports whether a folder is in the chiseled image before an instruction: from the
// image, or made by one before it.
func (m *migration) hasFolder(before *dockerfile.Instruction, dir string) bool {
	if m.made[dir] || slices.Contains([]string{"/", "/bin", "/etc", "/home", appHome, "/lib", rootHome, "/run", "/sbin", "/tmp", "/usr", "/usr/bin", "/usr/lib", "/usr/share", "/var", "/var/cache", "/var/lib", "/var/log", "/var/tmp"}, dir) {
		return true
	}
	for _, s := range before.Stage.Chain() {
		for _, i := range s.Instructions {
			if i == before {
				break
			}
			if i.Keyword != "WORKDIR" || len(i.Words) == 0 {
				continue
			}
			if made, ok := absolute(i.Before().Workdir, i.Words[0].Value); ok && (made == dir || below(made, dir)) {
				return true
			}
		}
	}
	return slices.ContainsFunc(deliveries(before), func(d delivery) bool { return d.to == dir || below(d.to, dir) })
}

// keysOf are the files with private keys that the commands of a stage write.
func keysOf(s *dockerfile.Stage) []string {
	var keys []string
	for i := range s.InChain("RUN") {
		commands, _ := i.Commands()
		for _, c := range commands {
			var flags []string
			switch path.Base(c.Name) {
			case "dotnet":
				if len(c.Args) == 0 || c.Args[0].Value != "dev-certs" {
					continue
				}
				flags = []string{"-ep", "--export-path"}
			case "openssl":
				flags = []string{"-keyout", "-out"}
			default:
				continue
			}
			for n := 1; n < len(c.Args); n++ {
				if key, ok := absolute(i.Before().Workdir, c.Args[n].Value); ok && slices.Contains(flags, c.Args[n-1].Value) {
					keys = append(keys, key)
				}
			}
		}
	}
	return keys
}

// intoRootHome is a volume of a container in compose's short form that is mounted below the
// home of root: ~/.aspnet/https:/root/.aspnet/https:ro
var intoRootHome = regexp.MustCompile(`^(?:.*:)?(/root)(/[^:]*)?(?::[a-zA-Z,]+)?$`)

// mounted moves what .NET looks for in the home of its account, as Visual Studio writes it
// into compose files, to the home of the account app.
// https://learn.microsoft.com/aspnet/core/security/app-secrets
// https://learn.microsoft.com/aspnet/core/security/docker-compose-https
func (m *migration) mounted(s service, v *kube.Node) {
	if v.Kind == kube.Mapping {
		if v = v.Get("target"); v == nil {
			return
		}
	}
	at := intoRootHome.FindStringSubmatchIndex(v.Value)
	if at == nil {
		return
	}
	folder := ""
	if at[4] >= 0 {
		folder = v.Value[at[4]:at[5]]
	}
	n := strings.Index(s.file.Slice(v.Span), v.Value)
	known := below(folder, "/.aspnet") || folder == "/.aspnet" || strings.EqualFold(folder, "/.microsoft/usersecrets")
	if !known || n < 0 {
		m.person(s.place(v), fmt.Sprintf("What is mounted at %s only root can read, and the application is no longer root.", checks.Code(rootHome+folder)),
			"Mount it below `/home/app`, and name that path where it is read.")
		return
	}
	start := v.Span.Start + n
	m.stepAt(s.place(v), fmt.Sprintf("Mount at %s in %s", checks.Code(appHome+folder), checks.Code(s.name)), ".NET looks for it in the home of its account, which is no longer root.",
		source.Edit{Path: s.file.Path(), Span: source.Span{Start: start + at[2], End: start + at[3]}, New: appHome})
	if !strings.EqualFold(folder, "/.microsoft/usersecrets") && !strings.HasSuffix(v.Value, ":ro") {
		m.note(s.place(v), "What root wrote there belongs to root: give it to 1654, the number of `app`, once.")
	}
}
