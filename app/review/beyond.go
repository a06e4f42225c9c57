package review

import (
	"fmt"

	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/checks"
)

// beyond are those of the files that were not read that may be manifests.
func beyond(settings *config.Settings, names []string) map[string]bool {
	far := map[string]bool{}
	for _, name := range names {
		if settings.IsManifest(name) && !settings.IsDockerfile(name) {
			far[name] = true
		}
	}
	return far
}

// Unread is the skip that files which may be manifests were not read, if so.
func Unread(settings *config.Settings, opts Options) []checks.Skip {
	far := beyond(settings, opts.Beyond)
	if len(far) == 0 {
		return nil
	}
	return []checks.Skip{{
		Reason: fmt.Sprintf("%d YAML and JSON files were not read, those that are farthest from what changes: the repository has too many.", len(far)),
		Help:   "Where they hold no Kubernetes objects, exclude their folders under `manifests` in the settings.",
	}}
}
