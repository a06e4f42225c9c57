package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/chiselbot/chiselbot/checks/source"
)

// AddIgnores is the text of a settings file with more entries of ignores, behind those that
// it has. All else in it stays as it is. Entries that it has are not added again. An error
// says why the file cannot be edited, for a person.
func AddIgnores(file *source.File, known []string, entries ...Ignored) (string, error) {
	settings, problems := Parse(file, known)
	if len(problems) > 0 {
		return "", fmt.Errorf("the settings have a mistake: %s", problems[0])
	}
	want := slices.Clone(settings.Ignores)
	var added []Ignored
	for _, e := range entries {
		if !slices.ContainsFunc(want, e.same) {
			want, added = append(want, e), append(added, e)
		}
	}
	if len(added) == 0 {
		return file.Text(), nil
	}
	newline := "\n"
	if strings.Contains(file.Text(), "\r\n") {
		newline = "\r\n"
	}
	text := file.Text()
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += newline
	}
	list := listOf(file)
	switch {
	case list == nil:
		text += "ignores:" + newline + lines(added, "  ", newline)
	case list.Style&yaml.FlowStyle != 0 || len(list.Content) == 0:
		return "", fmt.Errorf("%s is written in brackets; write each entry on its own line, after `- `", code("ignores"))
	default:
		at := endOf(file, list)
		text = text[:at] + lines(added, strings.Repeat(" ", list.Content[0].Column-1-len("- ")), newline) + text[at:]
	}
	return text, shows(file, text, known, want)
}

// RemoveIgnores is the text of a settings file without the entries of ignores for a rule.
func RemoveIgnores(file *source.File, known []string, rule string) (string, error) {
	settings, problems := Parse(file, known)
	if len(problems) > 0 {
		return "", fmt.Errorf("the settings have a mistake: %s", problems[0])
	}
	want := slices.DeleteFunc(slices.Clone(settings.Ignores), func(i Ignored) bool { return i.Rule == rule })
	if len(want) == len(settings.Ignores) {
		return file.Text(), nil
	}
	list := listOf(file)
	if list == nil || list.Style&yaml.FlowStyle != 0 {
		return "", fmt.Errorf("%s is written in brackets; write each entry on its own line, after `- `", code("ignores"))
	}
	text := file.Text()
	for n, entry := range slices.Backward(settings.Ignores) {
		if entry.Rule != rule {
			continue
		}
		start, end := file.LineSpan(list.Content[n].Line).Start, endOf(file, list)
		if n+1 < len(list.Content) {
			end = file.LineSpan(list.Content[n+1].Line).Start
		}
		text = text[:start] + text[end:]
	}
	if len(want) == 0 { // the key alone would have no value
		head := file.LineSpan(keyOf(file).Line)
		text = text[:head.Start] + text[min(len(text), file.LineSpan(keyOf(file).Line+1).Start):]
	}
	return text, shows(file, text, known, want)
}

// same reports whether two entries say the same.
func (i Ignored) same(other Ignored) bool {
	return i.Rule == other.Rule && i.Path == other.Path && i.Until == other.Until && i.Reason == other.Reason
}

// shows proves an edit: what is read from the text is what was meant, and nothing else is
// different.
func shows(file *source.File, text string, known []string, want []Ignored) error {
	before, _ := Parse(file, known)
	after, problems := Parse(source.NewFile(file.Path(), text), known)
	if len(problems) > 0 || !slices.EqualFunc(want, after.Ignores, Ignored.same) {
		return fmt.Errorf("%s could not be edited without a change of something else", code("ignores"))
	}
	before.Ignores, after.Ignores = nil, nil
	if fmt.Sprintf("%+v", before) != fmt.Sprintf("%+v", after) {
		return fmt.Errorf("%s could not be edited without a change of something else", code("ignores"))
	}
	return nil
}

// pairOf is the key ignores and its list, nil where there is none.
func pairOf(file *source.File) (key, list *yaml.Node) {
	p := reading{file: file}
	root := p.load()
	if root == nil || root.Kind != yaml.MappingNode {
		return nil, nil
	}
	for pair := range slices.Chunk(root.Content, 2) {
		if pair[0].Value == "ignores" {
			return pair[0], pair[1]
		}
	}
	return nil, nil
}

func listOf(file *source.File) *yaml.Node {
	_, list := pairOf(file)
	return list
}

func keyOf(file *source.File) *yaml.Node {
	key, _ := pairOf(file)
	return key
}

// endOf is where the lines of a list end: behind the last one that is indented as the last
// entry is.
func endOf(file *source.File, list *yaml.Node) int {
	last := list.Content[len(list.Content)-1]
	line := last.Line
	for _, n := range last.Content {
		line = max(line, n.Line)
	}
	for line < file.Lines() {
		next := file.Slice(file.LineSpan(line + 1))
		if indent := len(next) - len(strings.TrimLeft(next, " ")); strings.TrimSpace(next) == "" || indent < last.Column-1 {
			break // a value may go on over several lines
		}
		line++
	}
	if line >= file.Lines() {
		return len(file.Text())
	}
	return file.LineSpan(line + 1).Start
}

// lines are entries as YAML.
func lines(entries []Ignored, indent, newline string) string {
	var b strings.Builder
	for _, e := range entries {
		first := true
		for _, pair := range []struct{ key, value string }{{"rule", e.Rule}, {"path", e.Path}, {"until", e.Until}, {"reason", e.Reason}} {
			if pair.value == "" {
				continue
			}
			begin := "  "
			if first {
				begin, first = "- ", false
			}
			value := pair.value
			if pair.key == "reason" || pair.key == "path" {
				value = strconv.Quote(strings.ToValidUTF8(value, "�"))
			}
			b.WriteString(indent + begin + pair.key + ": " + value + newline)
		}
	}
	return b.String()
}
