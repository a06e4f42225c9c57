// Package dotnet says what the .NET projects that a Dockerfile builds need of their
// image: globalization data (ICU), time zones, frameworks, native packages.
//
// It reads project files as text and XML, never runs MSBuild, and says where it read
// what. What it cannot evaluate leaves the answer unknown: conditions other than plain
// comparisons, variables that nothing in reach sets, files outside the repository.
// Configuration is taken to be Release, as published images have it.
//
// # Which projects
//
// The stages that end up in the final image (the final stage, those it inherits from and
// those it copies from) are followed with their WORKDIR and COPY, so that the argument of
// `dotnet publish` is traced back to a file of the repository. The build context is not
// written in a Dockerfile: the Dockerfile's own folder and its parents are tried, and the
// one in which most of what the Dockerfile names exists is taken, the nearest of equals.
// Where no command names a project, the program that ENTRYPOINT starts is looked for by
// its assembly name, then the project files that COPY names are taken together. A
// Dockerfile that builds nothing gets the only project in or below its folder. There is no
// guess among several.
//
// # What they need
//
// ICU: what the project sets for InvariantGlobalization decides, because the runtime
// heeds it before the environment variable
// (https://github.com/dotnet/runtime/blob/main/docs/design/features/globalization-invariant-mode.md);
// then what the Dockerfile sets DOTNET_SYSTEM_GLOBALIZATION_INVARIANT to; then packages
// that cannot work without ICU, an ICU package or named cultures in the source make it
// Yes. That nothing says so does not make it No: images other than plain chiseled ones
// have ICU, and an application may use it in silence.
//
// Time zones: Yes where something looks them up or brings them; No where the project is
// known to do without ICU and all of its source was read and looks up none.
//
// Source files are read only while the answer hangs on them, at most 200 and 2 MiB for
// one Dockerfile.
package dotnet

import (
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/source"
)

// Needs is what the projects behind one Dockerfile need.
type Needs struct {
	// Found says that a project was found for the Dockerfile at all. Without one, what
	// the Dockerfile itself says is all that counts.
	Found bool
	// Projects are the paths of the projects that were found, sorted.
	Projects []string
	// Folders are the folders of those projects and of all that they refer to, the
	// nearest first.
	Folders []string
	// ICU and TimeZones say whether the application needs them.
	ICU, TimeZones base.Known
	// Frameworks are the target frameworks, such as "net8.0", sorted.
	Frameworks []string
	// Evidence is why ICU or TimeZones is Yes or No: first what makes one Yes, the
	// strongest first.
	Evidence []Evidence
	// Native are packages that need native libraries or programs that a chiseled image
	// does not have.
	Native []Evidence
	// Problems are the projects that could not be read, as sentences with a full stop.
	Problems []string
}

// Evidence is one place that says what an application needs.
type Evidence struct {
	File *source.File
	Span source.Span
	// About is the need it speaks of, Says whether there is one.
	About Need
	Says  base.Known
	// Why is a clause: "`Microsoft.Data.SqlClient` throws without ICU".
	Why string
	// Until is the version of .NET from which full images do not have what is needed
	// natively; empty where none ever had it.
	Until string
	// Referred says that it stands in the source of a project that the application only
	// refers to and of which it may never call that part.
	Referred bool
}

// A Need is something that an image has or has not.
type Need string

// The needs.
const (
	ICU       Need = "ICU"
	TimeZones Need = "time zones"
	Native    Need = "native libraries"
)
