package dockerfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/source"
)

// spans is the text of a file with marks around what the parser found:
//
//	⟨keyword⟩ {--flag=‹value›} ‹word› ‹name›=‹value› «here-document» #comment#
func spans(f *File) string {
	type mark struct {
		at   int
		text string
	}
	var marks []mark
	around := func(s source.Span, before, after string) {
		marks = append(marks, mark{s.Start, before}, mark{s.End, after})
	}
	var instruction func(i *Instruction)
	instruction = func(i *Instruction) {
		around(i.KeywordSpan, "⟨", "⟩")
		for _, flag := range i.Flags {
			marks = append(marks, mark{flag.Span.Start, "{"})
			around(flag.ValueSpan, "‹", "›")
			marks = append(marks, mark{flag.Span.End, "}"})
		}
		switch {
		case i.Pairs != nil:
			for _, p := range i.Pairs {
				around(p.Name.Span, "‹", "›")
				if p.HasValue {
					around(p.Value.Span, "‹", "›")
				}
			}
		case i.Trigger != nil:
			instruction(i.Trigger)
		default:
			for _, w := range i.Words {
				around(w.Span, "‹", "›")
			}
		}
		for _, doc := range i.Heredocs {
			around(doc.Span, "«", "»")
		}
	}
	for _, i := range f.Instructions {
		instruction(i)
	}
	for _, c := range f.Comments {
		around(source.Span{Start: c.Span.Start + 1, End: c.Span.End}, "", "#")
	}
	slices.SortStableFunc(marks, func(a, b mark) int { return a.at - b.at })
	var out strings.Builder
	at := 0
	for _, m := range marks {
		out.WriteString(f.Text()[at:m.at])
		out.WriteString(m.text)
		at = m.at
	}
	out.WriteString(f.Text()[at:])
	return out.String()
}

// facts is what the package says of a file, line by line.
func facts(f *File) string {
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	for _, d := range f.Directives {
		line("directive %s is %q", d.Name, d.Value)
	}
	for _, c := range f.Comments {
		if c.Within != nil {
			line("comment %q within %s", c.Text, c.Within.Keyword)
		}
	}
	for _, img := range f.Images() {
		what := img.Ref.String()
		if img.Problem != "" {
			what = "unknown: " + img.Problem
		}
		line("%s %s %q is %s", img.Use, strings.Join(img.Args, ","), img.Written, what)
	}
	for _, s := range f.Stages {
		from := "an unknown image"
		switch {
		case s.Parent != nil:
			from = fmt.Sprintf("stage %d", s.Parent.Index)
		case s.Scratch:
			from = "scratch"
		case s.Base() != nil:
			from = s.Base().Name
		}
		var uses []string
		for _, u := range s.Uses {
			uses = append(uses, fmt.Sprint(u.Index))
		}
		line("stage %d %q from %s, uses [%s]", s.Index, s.Name, from, strings.Join(uses, " "))
		st := s.State()
		for _, set := range []struct{ name, value string }{
			{"user", setting(st.User)},
			{"workdir", setting(st.Workdir)},
			{"entrypoint", setting(st.Entrypoint)},
			{"cmd", setting(st.Cmd)},
			{"health", setting(st.Health)},
			{"shell", setting(st.Shell)},
		} {
			if set.value != "" {
				line("\t%-10s %s", set.name, set.value)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(st.Env)) {
			line("\tenv        %s %s", name, setting(st.Env[name]))
		}
		for _, p := range st.Expose {
			line("\tport       %d-%d/%s", p.First, p.Last, p.Protocol)
		}
		answers := map[base.Known]string{base.Unknown: "unknown", base.No: "no", base.Yes: "yes"}
		line("\thas shell %s, packages %s", answers[st.HasShell], answers[st.HasPackages])
	}
	return out.String()
}

// setting is empty for what an unknown base decides.
func setting[T any](s Setting[T]) string {
	if !s.Known && s.Origin == nil {
		return ""
	}
	text := fmt.Sprintf("%q", fmt.Sprint(s.Value))
	if c, ok := any(s.Value).(Command); ok {
		text = fmt.Sprintf("exec %q", c.Args)
		if c.ShellForm {
			text = fmt.Sprintf("shell %q", c.Args)
		}
	}
	if list, ok := any(s.Value).([]string); ok {
		text = fmt.Sprintf("%q", list)
	}
	if !s.Known {
		text += ", not known"
	}
	if s.Origin != nil {
		text += fmt.Sprintf(" (%s)", s.Origin.Keyword)
	}
	return text
}

// commands lists the commands of all instructions. What is not static is marked with ~.
func commands(f *File) string {
	var out strings.Builder
	for _, i := range f.Instructions {
		if i.Trigger != nil {
			i = i.Trigger
		}
		switch i.Keyword {
		case "RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK":
		default:
			continue
		}
		list, ok := i.Commands()
		if !ok {
			fmt.Fprintf(&out, "%d %s is not parsed\n", f.LineAt(i.Span.Start), i.Keyword)
		}
		for _, c := range list {
			fmt.Fprintf(&out, "%d %s %q", f.LineAt(c.Span.Start), i.Keyword, c.Name)
			for _, a := range c.Args {
				tilde := "~"
				if a.Static {
					tilde = ""
				}
				fmt.Fprintf(&out, " %s%q", tilde, a.Value)
			}
			out.WriteByte('\n')
		}
	}
	return out.String()
}
