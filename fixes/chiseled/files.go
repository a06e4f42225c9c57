package chiseled

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// maxWrites is how many places of the source are shown at which it writes.
const maxWrites = 3

// files looks for files in the home of root, for settings that have the application write beside its own program, and for
// source that writes who knows where. As root it may; as the account app it may not.
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/distroless.md
func (m *migration) files() {
	if !m.wasRoot() || !m.moving() {
		return
	}
	m.homes()
	m.keys()
	m.inFolders(isSettings, func(text *source.File) bool {
		for _, at := range writes.FindAllStringSubmatchIndex(text.Text(), -1) {
			n := slices.IndexFunc([]int{at[2], at[4]}, func(i int) bool { return i >= 0 })
			file := text.Text()[at[2+2*n]:at[3+2*n]]
			if path.IsAbs(file) || strings.Contains(file, ":memory:") || m.made[path.Join("/app", path.Dir(file))] || strings.Contains(file, "..") {
				continue
			}
			m.person(fixes.Place{File: text, Span: source.Span{Start: at[2+2*n], End: at[3+2*n]}},
				fmt.Sprintf("The application writes %s beside its program, where only root may write for certain.", checks.Code(file)),
				"Set a path below `/home/app`, `/tmp` or a volume that belongs to 1654, or make the folder in the Dockerfile and give it to `$APP_UID`.")
		}
		return true
	})
	found := 0
	m.source(func(text *source.File) bool {
		for _, at := range writesFile.FindAllStringIndex(text.Text(), -1) {
			line := strings.TrimSpace(text.LineText(text.LineAt(at[0])))
			if strings.HasPrefix(line, "//") || strings.HasPrefix(line, "*") || temporary.MatchString(line) || m.writesIntoMade(line) {
				continue
			}
			m.person(fixes.Place{File: text, Span: source.Span{Start: at[0], End: at[1]}},
				"The source writes files, and where they lie is not known: the application is root today, and as `app` may write to `/tmp`, to `/home/app` and to what the Dockerfile gives it.",
				"If the application gets there in production, make the folder in the Dockerfile and give it to `$APP_UID`, or mount a volume that belongs to 1654. Then change the tag by hand.")
			if found++; found == maxWrites {
				return false
			}
		}
		return true
	})
}

// writesFile is where C# makes a file or a folder by its name.
var writesFile = regexp.MustCompile(`\b(?:Directory\.CreateDirectory|File\.(?:WriteAll\w+|AppendAll\w+|AppendText|Create|CreateText|OpenWrite))\s*\(|\bFileMode\.(?:Create|CreateNew|OpenOrCreate|Append)\b`)

// temporary is a place in which the account app may write, in a line of C#.
var temporary = regexp.MustCompile(`GetTemp(?:Path|FileName)|CreateTempSubdirectory|SpecialFolder\.(?:UserProfile|LocalApplicationData|ApplicationData|Personal|MyDocuments)|"/(?:tmp|var/tmp|home/app)[/"]`)

// writesIntoMade reports whether a line of source names a folder that the Dockerfile gives
// to the application.
func (m *migration) writesIntoMade(line string) bool {
	for dir := range m.made {
		if strings.Contains(line, `"`+dir+`"`) || strings.Contains(line, `"`+dir+"/") {
			return true
		}
	}
	return false
}

func isSettings(name string) bool {
	environment, ok := strings.CutPrefix(strings.ToLower(path.Base(name)), "appsettings")
	return ok && slices.Contains([]string{".json", ".production.json", ".docker.json", ".container.json", ".release.json"}, environment)
}

// writes is a database file of SQLite, or a log file that Serilog or NLog writes.
var writes = regexp.MustCompile(`(?i)"[^"\n]*\b(?:Data Source|Filename)=([^;"\n]+\.(?:db3?|sqlite3?))[^"\n]*"|"(?:path|fileName)"\s*:\s*"([^"\n]+\.(?:log|txt|json))"`)
