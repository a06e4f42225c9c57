package fixes

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// contextLines is how many unchanged lines surround a hunk, as git does it.
const contextLines = 3

// Diff is the plan as a patch that `git apply` takes, empty where nothing changes.
func (p *Plan) Diff() string {
	var b strings.Builder
	for _, c := range p.Changes {
		b.WriteString(c.Diff())
	}
	return b.String()
}

// Diff is the change as a patch.
func (c Change) Diff() string {
	if c.Before == c.After {
		return ""
	}
	from, to := quotedPath("a/"+c.Path), quotedPath("b/"+c.Path)
	hunks, err := udiff.ToUnified(from, to, c.Before, udiff.Lines(c.Before, c.After), contextLines)
	if err != nil {
		panic(err) // edits that the library computed are within the text that it was given
	}
	return fmt.Sprintf("diff --git %s %s\n%s", strings.TrimSuffix(from, "\t"), strings.TrimSuffix(to, "\t"), hunks)
}

// quotedPath is a path as git writes it: in quotes with C's escapes where it has bytes
// that would end it or its line. A path with a space alone has none; git reads the name
// from the lines --- and +++, which a tab ends.
// https://git-scm.com/docs/diff-format#generate_patch_text_with_p
func quotedPath(name string) string {
	plain := !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r >= 0x7f })
	if plain {
		if strings.Contains(name, " ") {
			return name + "\t"
		}
		return name
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(name) {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c >= 0x7f:
			octal := strconv.FormatUint(uint64(c), 8)
			b.WriteString(`\` + strings.Repeat("0", 3-len(octal)) + octal)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
