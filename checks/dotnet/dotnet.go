// Package dotnet says what the .NET projects that a Dockerfile builds need of their
// image: globalization data (ICU), time zones, frameworks, native packages.
//
// It reads project files as text and XML, never runs MSBuild, and says where it read
// what; a property it cannot evaluate leaves the answer unknown.
package dotnet

import (
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/source"
)

// Needs is what the projects behind one Dockerfile need.
type Needs struct {
	// Found says that a project was found for the Dockerfile at all.
	Found bool
	// ICU and TimeZones say whether the application needs them. Unknown where nothing
	// says so and no project was found.
	ICU, TimeZones base.Known
	// Frameworks are the target frameworks, such as "net8.0", sorted.
	Frameworks []string
	// Evidence is why ICU or TimeZones is Yes or No, the strongest first.
	Evidence []Evidence
	// Native are packages that bring or need native libraries that a chiseled image
	// does not have.
	Native []Evidence
	// Problems are the projects that could not be read, as sentences with a full stop.
	Problems []string
}

// Evidence is one place that says what an application needs.
type Evidence struct {
	File *source.File
	Span source.Span
	// Why is a clause: "`Microsoft.Data.SqlClient` throws without ICU".
	Why string
}
