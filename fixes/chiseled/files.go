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

// files looks for settings that have the application write beside its own program. As
// root it may; as the account app it may not.
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/distroless.md
func (m *migration) files() {
	if !m.wasRoot() || !m.moving() {
		return
	}
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
}

func isSettings(name string) bool {
	environment, ok := strings.CutPrefix(strings.ToLower(path.Base(name)), "appsettings")
	return ok && slices.Contains([]string{".json", ".production.json", ".docker.json", ".container.json", ".release.json"}, environment)
}

// writes is a database file of SQLite, or a log file that Serilog or NLog writes.
var writes = regexp.MustCompile(`(?i)"[^"\n]*\b(?:Data Source|Filename)=([^;"\n]+\.(?:db3?|sqlite3?))[^"\n]*"|"(?:path|fileName)"\s*:\s*"([^"\n]+\.(?:log|txt|json))"`)
