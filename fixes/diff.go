package fixes

import (
	"cmp"
	"fmt"
	"regexp"
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
	return fmt.Sprintf("diff --git %s %s\n%s", strings.TrimSuffix(from, "\t"), strings.TrimSuffix(to, "\t"), renumbered(hunks))
}

// hunkHead is the line above a hunk: where it begins and how many lines it has, before
// and after. Lines of text have a sign in front of them and never look so.
var hunkHead = regexp.MustCompile(`(?m)^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@$`)

// renumbered is a patch whose hunks say where they begin afterwards. The library forgets
// the unchanged lines between two changes of one hunk (go-udiff v0.4.1), and git looks
// for the next hunk from the number on: where a block occurs twice it took the wrong one.
func renumbered(patch string) string {
	shift := 0
	return hunkHead.ReplaceAllStringFunc(patch, func(head string) string {
		number := func(text, absent string) int {
			n, err := strconv.Atoi(cmp.Or(text, absent))
			if err != nil {
				panic(err) // the pattern takes digits alone, and files have less lines than int goes to
			}
			return n
		}
		part := hunkHead.FindStringSubmatch(head)
		before, after := number(part[2], "1"), number(part[4], "1")
		at := strings.LastIndex(head, "+") + 1
		end := at + len(part[3])
		if before > 0 && after > 0 { // a file that is new or gone has the one hunk
			head = head[:at] + strconv.Itoa(number(part[1], "")+shift) + head[end:]
		}
		shift += after - before
		return head
	})
}

// A Hunk is lines that a change replaces, First to Last by their numbers before it.
type Hunk struct {
	First, Last int
	New         string // whole lines, or nothing
}

// Hunks are the lines that the change replaces. What is only inserted replaces a line
// beside it, which New repeats. There are none where the text before has no lines.
func (c Change) Hunks() []Hunk {
	if c.Before == "" {
		return nil
	}
	line := func(offset int) int { return 1 + strings.Count(c.Before[:offset], "\n") }
	var hunks []Hunk
	end, done := 0, 0 // of the last hunk's lines, and how much of them is in its New
	for _, e := range udiff.Lines(c.Before, c.After) {
		from, to := e.Start, e.End
		switch {
		case from < to:
		case from > 0: // the line above stays
			from = strings.LastIndexByte(c.Before[:from-1], '\n') + 1
		default:
			if to = strings.IndexByte(c.Before, '\n') + 1; to == 0 {
				to = len(c.Before)
			}
		}
		if n := len(hunks); n == 0 || from >= end {
			if n > 0 {
				hunks[n-1].New += c.Before[done:end]
			}
			hunks = append(hunks, Hunk{First: line(from)})
			done = from
		}
		last := &hunks[len(hunks)-1]
		last.New += c.Before[done:e.Start] + e.New
		end, done = max(end, to), e.End
		last.Last = line(max(from, end-1))
	}
	if n := len(hunks); n > 0 {
		hunks[n-1].New += c.Before[done:end]
	}
	return hunks
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
