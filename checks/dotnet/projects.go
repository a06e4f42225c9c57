package dotnet

import (
	"path"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// IsProjectFile reports whether the file at a path can say what a .NET project needs.
func IsProjectFile(name string) bool { return path.Ext(name) == ".csproj" }

// Projects are the .NET projects of a tree. They are safe for concurrent use.
type Projects struct {
	tree  source.Tree
	paths []string
}

// NewProjects are the projects among the paths, each of which [IsProjectFile] accepted.
func NewProjects(tree source.Tree, paths []string) *Projects {
	return &Projects{tree: tree, paths: paths}
}

// For says what the projects that a Dockerfile builds need.
func (p *Projects) For(f *dockerfile.File) *Needs { return &Needs{} }
