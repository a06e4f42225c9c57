package chiseled

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

const (
	// maxWrites is how many places of the source are shown at which it writes.
	maxWrites = 3
	// maxSourceLine is how much of a line of source is read.
	maxSourceLine = 4 << 10
)

// files looks for files in the home of root, for settings that have the application write beside its own program, and for
// source that writes who knows where. As root it may; as the account app it may not.
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/distroless.md
func (m *migration) files() {
	if !m.wasRoot() || !m.moving() {
		return
	}
	m.homes()
	m.keys()
	given := m.givenFolders()
	maps.Copy(given, m.made)
	m.inFolders(isSettings, func(text *source.File) bool {
		m.writesNamed(text, namedFile, given)
		return true
	})
	account := appUID
	if slices.ContainsFunc(m.images, func(i *image) bool { return i.from.Version == "6.0" || i.from.Version == "7.0" }) {
		account = "1654" // full images name no account before .NET 8
	}
	found := 0
	m.source(func(text *source.File) bool {
		m.writesNamed(text, namedInSource, given)
		for _, at := range writesFile.FindAllStringSubmatchIndex(text.Text(), -1) {
			line := strings.TrimSpace(text.LineText(text.LineAt(at[0])))
			line = line[:min(len(line), maxSourceLine)]
			if isComment(line) || temporary.MatchString(line) || writesInto(given, line) {
				continue
			}
			place := fixes.Place{File: text, Span: source.Span{Start: at[0], End: at[1]}}
			if at[2] >= 0 { // a key for development
				if arguments, _ := callArguments(text.Text()[at[1]:]); !strings.Contains(arguments, "false") {
					m.person(place, fmt.Sprintf("%s writes the key that it makes beside the program, where only root may write for certain, and the application ends with that.", checks.Code(text.Text()[at[2]:at[3]])),
						"Name a file below `/home/app` or a volume that belongs to 1654, or write `persistKey: false`. Production needs a key from elsewhere.")
				}
				continue
			}
			m.person(place,
				"The source writes files, and where they lie is not known: the application is root today, and as `app` may write to `/tmp`, to `/home/app` and to what the Dockerfile gives it.",
				fmt.Sprintf("If the application gets there in production, make the folder in the Dockerfile and give it to %s, or mount a volume that belongs to 1654. Once it runs as `USER %s` in the image of today, ask again.", checks.Code(account), account))
			if found++; found == maxWrites {
				return false
			}
		}
		return true
	})
}

// writesNamed leaves it to a person where a file is named that the application writes and
// only root may, but for the folders that are given to it.
func (m *migration) writesNamed(text *source.File, named *regexp.Regexp, given map[string]bool) {
	may := func(dir string) bool { return mayWriteTo(given, dir) }
	for _, at := range named.FindAllStringSubmatchIndex(text.Text(), -1) {
		n := 2
		for at[n] < 0 {
			n += 2
		}
		file := text.Text()[at[n]:at[n+1]]
		place := fixes.Place{File: text, Span: source.Span{Start: at[n], End: at[n+1]}}
		if strings.Contains(file, ":memory:") || strings.Contains(file, "..") || strings.ContainsAny(file, "{%") || isComment(strings.TrimSpace(text.LineText(text.LineAt(at[0])))) {
			continue
		}
		folders := m.foldersOf(path.Dir(file))
		message, help := fmt.Sprintf("The application writes %s beside its program, where only root may write for certain.", checks.Code(file)),
			"Set a path below `/home/app`, `/tmp` or a volume that belongs to 1654, or make the folder in the Dockerfile and give it to `$APP_UID`."
		if path.IsAbs(file) {
			message, help = fmt.Sprintf("The application writes %s, where as `app` it may write only if a volume is mounted there that belongs to 1654.", checks.Code(file)),
				"Make the folder in the Dockerfile and give it to `$APP_UID`, then ask again. If a volume is mounted there that the account may write to, change the tag by hand."
		}
		switch {
		case slices.Contains(folders, ""): // where the program starts is not known
			m.person(place, message, help)
		default:
			if folders = slices.DeleteFunc(folders, may); len(folders) == 0 {
				continue
			}
			m.plan.Mounts = append(m.plan.Mounts, fixes.Mount{Folders: folders, Reason: m.reasonOf(fixes.NeedsPerson, place, message, help)})
		}
	}
}

// foldersOf are the folders that a name may mean in the images, each once: a relative one is
// named from where each image starts, and is empty where that is not known.
func (m *migration) foldersOf(dir string) []string {
	if path.IsAbs(dir) {
		return []string{path.Clean(dir)}
	}
	var folders []string
	for _, i := range m.images {
		at := ""
		if from := i.leaf.State().Workdir; from.Known {
			at = path.Join("/", from.Value, dir)
		}
		if !slices.Contains(folders, at) {
			folders = append(folders, at)
		}
	}
	return folders
}

// mayWriteTo reports whether the account app may write to a folder of the image:
// everybody's, its home, or one that the Dockerfile gives to it.
func mayWriteTo(given map[string]bool, dir string) bool {
	for at := dir; at != "/"; at = path.Dir(at) {
		if given[at] || at == "/dev" || slices.Contains(writable, at) {
			return true
		}
	}
	return false
}

// givenFolders are the folders that COPY makes in all images and gives to the application.
// One that is there before keeps its owner.
func (m *migration) givenFolders() map[string]bool {
	times := map[string]int{}
	for _, i := range m.images {
		there := map[string]bool{}
		for _, s := range i.leaf.Chain() {
			for _, in := range s.Instructions {
				if len(in.Words) == 0 {
					continue
				}
				to, ok := absolute(in.Before().Workdir, in.Words[len(in.Words)-1].Value)
				owner := in.Flag("chown")
				switch {
				case !ok || path.Ext(to) != "" || there[to]:
				case in.Keyword == "WORKDIR":
					there[to] = true
				case in.Keyword == "COPY" || in.Keyword == "ADD":
					there[to] = true
					if owner != nil {
						user, _, _ := strings.Cut(owner.Value, ":")
						if isApp(user) || user == "app" || m.created[user] {
							times[to]++
						}
					}
				}
			}
		}
	}
	given := map[string]bool{}
	for to, n := range times {
		given[to] = n == len(m.images)
	}
	return given
}

// isComment reports whether a line of C# is nothing but a comment.
func isComment(line string) bool {
	return strings.HasPrefix(line, "//") || strings.HasPrefix(line, "*")
}

// writesFile is where C# makes a file or a folder by its name. The group is IdentityServer's
// key for development.
// https://docs.duendesoftware.com/identityserver/fundamentals/key-management
var writesFile = regexp.MustCompile(`\b(?:Directory\.(?:CreateDirectory|Move)|File\.(?:WriteAll\w+|AppendAll\w+|AppendText|Create|CreateText|OpenWrite|Copy|Move|Replace)|ExtractToFile|ExtractToDirectory|PersistKeysToFileSystem|(AddDeveloperSigningCredential))\s*\(|\bFileMode\.(?:Create|CreateNew|OpenOrCreate|Append)\b`)

// temporary is a place in which the account app may write, in a line of C#.
var temporary = regexp.MustCompile(`GetTemp(?:Path|FileName)|CreateTempSubdirectory|SpecialFolder\.(?:UserProfile|LocalApplicationData|ApplicationData|Personal|MyDocuments)|"/(?:tmp|var/tmp|home/app)[/"]`)

// writesInto reports whether a line of source names a folder that the Dockerfile gives to
// the application.
func writesInto(given map[string]bool, line string) bool {
	for dir, ok := range given {
		if ok && (strings.Contains(line, `"`+dir+`"`) || strings.Contains(line, `"`+dir+"/")) {
			return true
		}
	}
	return false
}

func isSettings(name string) bool {
	environment, ok := strings.CutPrefix(strings.ToLower(path.Base(name)), "appsettings")
	return ok && slices.Contains([]string{".json", ".production.json", ".docker.json", ".container.json", ".release.json"}, environment)
}

// database is a connection string with the file of a database of SQLite's or LiteDB's.
const database = `(?i)"[^"\n]*\b(?:Data Source|Filename)=([^;"\n]+\.(?:db3?|sqlite3?))[^"\n]*"`

var (
	// namedFile is a database or a log file that Serilog or NLog writes, in settings.
	namedFile = regexp.MustCompile(database + `|"(?:path|fileName)"\s*:\s*"([^"\n]+\.(?:log|txt|json))"`)
	// namedInSource is the same in C#.
	namedInSource = regexp.MustCompile(database + `|\bWriteTo\.(?:Async\s*\([^"\n]*)?(?:File|RollingFile)\s*\(\s*@?"([^"\n]+)"`)
)
