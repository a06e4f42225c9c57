package rules

import (
	"strconv"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

// neverRuns reports whether the stage only carries files: nothing from scratch runs
// without a command, and `docker build --output` takes such stages.
func neverRuns(s *dockerfile.State) bool {
	return s.Scratch && s.Entrypoint.Origin == nil && s.Cmd.Origin == nil
}

// onWindows reports whether the base is known to be a Windows image, where root does
// not exist and ports are free to all.
func onWindows(s *dockerfile.State) bool {
	return s.Base != nil && s.Base.DotNet != nil && s.Base.DotNet.Windows
}

// appUID is the number of the account that .NET images have for the application. They
// name it in the environment since .NET 8, chiseled ones always.
func appUID(s *dockerfile.State) (string, bool) {
	v, ok := s.Env["APP_UID"]
	if !ok || !v.Known || v.Origin != nil {
		return "", false
	}
	_, err := strconv.Atoi(v.Value)
	return v.Value, err == nil
}

// repository is the repository of the image that the stage's chain starts from, empty
// where it is not known.
func repository(s *dockerfile.Stage) string {
	if image := s.Root().Image; image != nil && image.Problem == "" {
		return image.Ref.Repository
	}
	return ""
}

// baseName is the image that the stage's chain starts from, as a code span.
func baseName(s *dockerfile.Stage) string {
	switch image := s.Root().Image; {
	case image == nil:
		return "`scratch`"
	case image.Problem != "":
		return checks.Code(image.Written)
	default:
		ref := image.Ref
		ref.Digest = ""
		return checks.Code(ref.String())
	}
}
