package builds

import (
	"path"
	"regexp"
	"strings"

	"github.com/chiselbot/chiselbot/checks/source"
)

// A deployment is what a command that installs a chart says of the tag of its image: with
// which values file, and which tag as written.
type deployment struct{ values, tag string }

var (
	valuesFlag = regexp.MustCompile(`(?:^|\s)(?:-f|--values)[ =]["']?([^\s"']+)`)
	setFlag    = regexp.MustCompile(`--set(?:-string)?[ =]["']?([^\s"']+)`)
	// anywhere is a variable in front of a path: the folder in which everything lies.
	anywhere = regexp.MustCompile(`^(?:\$\{\{[^}]*\}\}|\$\([^)]*\)|\$\{[^}]*\}|\$\w+)/`)
)

// deployments reads the commands, and the arguments of pipelines' tasks, that set the tag
// of a chart's image together with a values file.
// https://helm.sh/docs/helm/helm_upgrade/
func deployments(file *source.File) []deployment {
	if !strings.Contains(file.Text(), "--set") {
		return nil
	}
	var all []deployment
	text := strings.NewReplacer("\\\r\n", " ", "\\\n", " ").Replace(file.Text())
	for line := range strings.Lines(text) {
		tag := ""
		for _, m := range setFlag.FindAllStringSubmatch(line, -1) {
			for assignment := range strings.SplitSeq(m[1], ",") {
				key, value, _ := strings.Cut(assignment, "=")
				if key == "tag" || strings.HasSuffix(strings.ToLower(key), "image.tag") {
					tag = value
				}
			}
		}
		if tag == "" || len(all) >= maxStatements {
			continue
		}
		for _, m := range valuesFlag.FindAllStringSubmatch(line, -1) {
			name := anywhere.ReplaceAllString(m[1], "")
			for _, dir := range []string{".", path.Dir(file.Path())} {
				if values, ok := relative(dir, name); ok {
					all = append(all, deployment{values, tag})
				}
			}
		}
	}
	return all
}

// Tag is the tag of a chart's image as the commands that install it with a values file say,
// with the chart's own in place of what only running them would tell. Where they say
// nothing, or several things, it is the chart's own.
func (m *Images) Tag(own, values string) string {
	tag := ""
	for _, d := range m.deployments {
		if d.values != values {
			continue
		}
		said := strings.ReplaceAll(pattern(d.tag), unknown, own)
		if tag != "" && said != tag {
			return own
		}
		tag = said
	}
	if tag == "" {
		return own
	}
	return tag
}
