package chiseled

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/builds"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

// A migration is the state of one plan while the rewrites add to it.
type migration struct {
	fixes.Subject
	options Options
	plan    *fixes.Plan
	rewrite *Rewrite
	images  []*image
	// chosen are the references to them by their first stages.
	chosen map[*dockerfile.Stage]base.Reference
	// stages are those that come down to one of the images to move.
	stages []*dockerfile.Stage

	// created are the accounts that the file makes, by name and by number.
	created map[string]bool
	// owner is whom files of the application belong to, as --chown writes it.
	owner string
	// fresh is the stage that is added to make things in, shops are all such stages.
	fresh *workshop
	shops []*workshop
	// moved are the SDK stages whose image changes.
	moved map[*dockerfile.Stage]bool
	// slices are those to cut into the image.
	slices []string
	// made are the folders that are made elsewhere and copied, sonames the libraries.
	made    map[string]bool
	sonames []string
	// folders are those that the commands of a stage make, once they are looked for.
	folders map[*dockerfile.Stage]map[string]bool
	// lines are lines to insert behind an offset of the Dockerfile.
	lines   map[int][]string
	inserts map[int]int // the step that the insertion belongs to
	vars    map[string]global
	// stays say why images are not moved to a newer version, as was asked.
	stays []fixes.Reason
	// given are the values that pipelines give to ARGs, once they are looked for.
	given map[string][]argument
	// built say what builds which image, once that is looked for.
	built *builds.Images
	// partly says that not all files of the projects were read.
	partly bool
	// compositions are the services of compose files, once they are looked for.
	compositions []service
	composed     bool
}

// at is a place in the Dockerfile.
func (m *migration) at(s source.Span) fixes.Place { return fixes.Place{File: m.File.File, Span: s} }

// step adds a step of the current rewrite.
func (m *migration) step(at source.Span, title, because string, edits ...source.Edit) {
	m.stepAt(m.at(at), title, because, edits...)
}

// stepAt adds a step that changes another file.
func (m *migration) stepAt(at fixes.Place, title, because string, edits ...source.Edit) {
	m.plan.Steps = append(m.plan.Steps, fixes.Step{ID: m.rewrite.ID, URL: m.rewrite.URL, Title: title, Because: because, At: at, Edits: edits})
}

// person says that only a person can tell, or do it.
func (m *migration) person(at fixes.Place, message, help string) {
	m.reason(fixes.NeedsPerson, at, message, help)
}

// refuse says that the image would not work.
func (m *migration) refuse(at fixes.Place, message, help string) {
	m.reason(fixes.Refuse, at, message, help)
}

func (m *migration) reason(v fixes.Verdict, at fixes.Place, message, help string) {
	m.plan.Reasons = append(m.plan.Reasons, m.reasonOf(v, at, message, help))
}

func (m *migration) reasonOf(v fixes.Verdict, at fixes.Place, message, help string) fixes.Reason {
	return fixes.Reason{ID: m.rewrite.ID, URL: m.rewrite.URL, Verdict: v, At: at, Message: message, Help: help}
}

func (m *migration) note(at fixes.Place, format string, args ...any) {
	m.plan.Notes = append(m.plan.Notes, fixes.Note{At: at, Message: fmt.Sprintf(format, args...)})
}

// refused reports whether there is no image to move to, so that nothing else needs to be
// looked at.
func (m *migration) refused() bool {
	return len(m.plan.Reasons) > 0 && !slices.ContainsFunc(m.images, func(i *image) bool { return i.to != nil })
}

// edit is an edit of the Dockerfile.
func (m *migration) edit(at source.Span, text string) source.Edit {
	return source.Edit{Path: m.File.Path(), Span: at, New: text}
}

// keyword is an instruction's name in the case that the file uses.
func (m *migration) keyword(name string) string {
	if m.File.Slice(m.File.Stages[0].From.KeywordSpan) == "from" {
		return strings.ToLower(name)
	}
	return name
}

// lineBreak is the line break that the file uses.
func (m *migration) lineBreak() string {
	if strings.Contains(m.File.Text(), "\r\n") {
		return "\r\n"
	}
	return "\n"
}

// indent is the white space in front of an instruction.
func (m *migration) indent(i *dockerfile.Instruction) string {
	return m.File.Slice(source.Span{Start: m.lineStart(m.File.LineAt(i.Span.Start)), End: i.Span.Start})
}

// lineStart is where the text of a line begins, behind a byte order mark.
func (m *migration) lineStart(line int) int {
	start := m.File.LineSpan(line).Start
	if start == 0 && strings.HasPrefix(m.File.Text(), byteOrderMark) {
		return len(byteOrderMark)
	}
	return start
}

const byteOrderMark = "\ufeff"

// remove is the edit that takes an instruction out of the file with its lines, the
// comment lines directly above it, and one of two empty lines that would meet.
func (m *migration) remove(i *dockerfile.Instruction) source.Edit { return removeFrom(m.File, i) }

// removeFrom is the same for an instruction of any Dockerfile.
func removeFrom(f *dockerfile.File, i *dockerfile.Instruction) source.Edit {
	first, last := f.LineAt(i.Span.Start), f.LineAt(i.Span.End)
	if i.Span.End > i.Span.Start && f.Text()[i.Span.End-1] == '\n' {
		last--
	}
	for first > 1 && strings.HasPrefix(strings.TrimSpace(f.LineText(first-1)), "#") && !isDirective(f, first-1) {
		first--
	}
	blank := func(line int) bool { return line < 1 || strings.TrimSpace(f.LineText(line)) == "" }
	start, end := f.LineSpan(first).Start, f.LineSpan(last+1).Start
	if last >= f.Lines() && !strings.HasSuffix(f.Text(), "\n") {
		end = len(f.Text())
		if start > 0 { // the line before becomes the last one, which had no line break
			start = f.LineSpan(first - 1).End
		}
	} else if blank(first-1) && blank(last+1) {
		end = f.LineSpan(last + 2).Start
	}
	return source.Edit{Path: f.Path(), Span: source.Span{Start: start, End: end}}
}

func isDirective(f *dockerfile.File, line int) bool {
	return slices.ContainsFunc(f.Directives, func(d dockerfile.Directive) bool { return f.LineAt(d.Span.Start) == line })
}

// insertAfter adds lines behind an instruction, as part of a step.
func (m *migration) insertAfter(step int, i *dockerfile.Instruction, lines ...string) {
	at := m.File.LineSpan(m.File.LineAt(max(i.Span.Start, i.Span.End-1))).End
	if m.lines == nil {
		m.lines, m.inserts = map[int][]string{}, map[int]int{}
	}
	if _, ok := m.inserts[at]; !ok {
		m.inserts[at] = step
	}
	for _, l := range lines {
		if l = m.indent(i) + l; !slices.Contains(m.lines[at], l) {
			m.lines[at] = append(m.lines[at], l)
		}
	}
}

// finish makes the steps a plan.
func (m *migration) finish() (*fixes.Plan, error) {
	if len(m.plan.Reasons) == 0 {
		m.finishShops()
	} else {
		m.inserts = nil // nothing is changed
	}
	for at, step := range m.inserts {
		text := m.lineBreak() + strings.Join(m.lines[at], m.lineBreak())
		if e := m.endingAt(at); e != nil {
			e.New += text
			continue
		}
		s := &m.plan.Steps[step]
		s.Edits = append(s.Edits, m.edit(source.Span{Start: at, End: at}, text))
	}
	if len(m.plan.Steps) == 0 && !m.moves() {
		if len(m.stays) == 0 {
			return nil, nil // what is chiseled already is left to the rules
		}
		m.plan.Notes, m.plan.Reasons = nil, append(m.plan.Reasons, m.stays...)
	}
	m.plan.Title = m.title()
	m.plan.Targets = m.targets()
	m.plan.Cures = []fixes.Cure{{Rule: "chiseled-available"}}
	if m.moving() && m.wasRoot() {
		m.plan.Behaves = true
		m.note(m.at(m.images[0].leaf.From.Words[0].Span), "The application ran as root and runs as `app`, number 1654, from now on. It can write to `/tmp`, to `/home/app` and to what the Dockerfile gives it, and read only what it may of what is mounted.")
	}
	if err := m.plan.Complete(m.Tree); err != nil {
		return nil, err
	}
	return m.plan, nil
}

// endingAt is the edit of the Dockerfile that ends at an offset, nil where none does: two
// edits in one place have no order.
func (m *migration) endingAt(at int) *source.Edit {
	for _, s := range m.plan.Steps {
		for n := range s.Edits {
			if e := &s.Edits[n]; e.Path == m.File.Path() && e.Span.End == at && e.New != "" {
				return e
			}
		}
	}
	return nil
}

// changes reports whether some step changes the Dockerfile at an offset.
func (m *migration) changes(at int) bool {
	return slices.ContainsFunc(m.plan.Steps, func(s fixes.Step) bool {
		return slices.ContainsFunc(s.Edits, func(e source.Edit) bool { return e.Path == m.File.Path() && e.Span.Start <= at && at <= e.Span.End })
	})
}

// moves reports whether some image would move to another one, or could not.
func (m *migration) moves() bool {
	return len(m.images) == 0 || slices.ContainsFunc(m.images, func(i *image) bool { return !i.from.Chiseled })
}

func (m *migration) title() string {
	for _, i := range m.images {
		if i.to == i.from && i.leaf == m.File.Final() {
			return fmt.Sprintf("Make %s fit its chiseled image", checks.Code(m.File.Path()))
		}
		if i.to != nil && i.leaf == m.File.Final() {
			return fmt.Sprintf("Move %s to %s", checks.Code(m.File.Path()), checks.Code(i.to.Product+":"+i.to.Tag()))
		}
	}
	for _, i := range m.images {
		if i.to != nil {
			return fmt.Sprintf("Move %s to %s", checks.Code(m.File.Path()), checks.Code(i.to.Product+":"+i.to.Tag()))
		}
	}
	return fmt.Sprintf("Move %s to a chiseled image", checks.Code(m.File.Path()))
}

// targets are the stages of the images, as a build names them.
func (m *migration) targets() []string {
	var targets []string
	for _, i := range m.images {
		switch {
		case i.leaf == m.File.Final():
			targets = append(targets, "")
		case i.leaf.Name != "":
			targets = append(targets, i.leaf.Name)
		default:
			targets = append(targets, strconv.Itoa(i.leaf.Index))
		}
	}
	return targets
}

// wasRoot reports whether the application of some image runs as root today.
func (m *migration) wasRoot() bool {
	return slices.ContainsFunc(m.images, func(i *image) bool {
		u := i.leaf.State().User
		return u.Known && base.IsRoot(u.Value)
	})
}

// target is the image of the stages below a root.
func (m *migration) target(root *dockerfile.Stage) *base.DotNet {
	for _, i := range m.images {
		if i.root == root && i.to != nil {
			return i.to
		}
	}
	return nil
}

// A global is the default of an ARG before the first FROM.
type global struct {
	value string
	pair  *dockerfile.Pair
	plain bool // the value has no quotes and no variables in it
}

// globals are the last defaults of the ARGs before the first FROM.
func (m *migration) globals() map[string]global {
	if m.vars == nil {
		m.vars = map[string]global{}
		for _, i := range m.File.Instructions {
			if i.Stage != nil {
				break
			}
			for n := range i.Pairs {
				if p := &i.Pairs[n]; p.HasValue {
					value := strings.Trim(p.Value.Value, `"'`)
					m.vars[p.Name.Value] = global{value, p, !strings.ContainsAny(value, "$\\\"'")}
				}
			}
		}
	}
	return m.vars
}

// capital is a text with its first letter as at the beginning of a sentence.
func capital(s string) string {
	if s != "" && 'a' <= s[0] && s[0] <= 'z' {
		return string(s[0]-'a'+'A') + s[1:]
	}
	return s
}
