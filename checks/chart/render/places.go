package render

import (
	"sort"
	"strings"
)

const leftDelim, rightDelim = "{{", "}}"

// actions finds the actions of a template, from one delimiter to the other. The template
// parser knows only where the text of an action starts.
func actions(text string) []Place {
	var all []Place
	for from := 0; ; {
		i := strings.Index(text[from:], leftDelim)
		if i < 0 {
			return all
		}
		start := from + i
		from = actionEnd(text, start+len(leftDelim))
		all = append(all, Place{Start: start, End: from})
	}
}

// actionEnd is the offset behind the action whose inner text starts at from.
func actionEnd(text string, from int) int {
	inner := strings.TrimPrefix(text[from:], "-")
	inner = strings.TrimLeft(inner, blanks)
	if strings.HasPrefix(inner, "/*") {
		if i := strings.Index(inner, "*/"); i >= 0 {
			from = len(text) - len(inner) + i
			if j := strings.Index(text[from:], rightDelim); j >= 0 {
				return from + j + len(rightDelim)
			}
		}
		return len(text)
	}
	for i := from; i < len(text); i++ {
		switch c := text[i]; {
		case c == '}' && strings.HasPrefix(text[i:], rightDelim):
			return i + len(rightDelim)
		case c == '`':
			j := strings.IndexByte(text[i+1:], '`')
			if j < 0 {
				return len(text)
			}
			i += 1 + j
		case c == '"', c == '\'':
			for i++; i < len(text) && text[i] != c; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		}
	}
	return len(text)
}

// around is the action that holds an offset.
func around(all []Place, offset int) Place {
	i := sort.Search(len(all), func(i int) bool { return all[i].End > offset })
	if i < len(all) && all[i].Start <= offset {
		return all[i]
	}
	return Place{Start: offset, End: offset}
}
