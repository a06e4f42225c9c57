package misconf

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// fixers are the fixes of the checks of Dockerfiles that one edit cures, where it is certain
// what that edit is. Each is told the instruction that the check names; nil is for a person.
var fixers = map[string]func(f *dockerfile.File, in *dockerfile.Instruction) *checks.Fix{
	"DS-0005": copyInsteadOfAdd,
	"DS-0007": onlyLast,
	"DS-0009": absoluteWorkdir,
	"DS-0011": intoFolder,
	"DS-0016": onlyLast,
	"DS-0021": withOption("apt-get", "install", "-y", "--yes", checks.Safe), // nobody is there to be asked
	"DS-0022": labelInsteadOfMaintainer,
	"DS-0023": onlyLast,
	"DS-0025": withOption("apk", "add", "--no-cache", "", checks.Unsafe),
	"DS-0029": withOption("apt-get", "install", "--no-install-recommends", "", checks.Unsafe),
}

// fix is the fix of a check of the instruction, nil where there is none.
func fix(f *dockerfile.File, id string, in *dockerfile.Instruction) *checks.Fix {
	if make, ok := fixers[id]; ok && in.Stage != nil {
		return make(f, in)
	}
	return nil
}

func edit(f *dockerfile.File, at source.Span, text string) source.Edit {
	return source.Edit{Path: f.Path(), Span: at, New: text}
}

// likeKeyword is an instruction's name in the letters of another one.
func likeKeyword(f *dockerfile.File, in *dockerfile.Instruction, name string) string {
	if written := f.Slice(in.KeywordSpan); written == strings.ToLower(written) {
		return strings.ToLower(name)
	}
	return name
}

// mayUnpack is a source of ADD that it may unpack or download; COPY does neither.
var mayUnpack = regexp.MustCompile(`(?i)://|@|\$|[*?\[]|\.(?:tar|tgz|tbz2?|txz|gz|bz2|xz|zst)\b`)

// copyInsteadOfAdd is not certain: that a file is an archive is not told by its name.
// https://docs.docker.com/reference/dockerfile/#add
func copyInsteadOfAdd(f *dockerfile.File, in *dockerfile.Instruction) *checks.Fix {
	for _, flag := range in.Flags {
		if !slices.Contains([]string{"chown", "chmod", "link"}, flag.Name) {
			return nil
		}
	}
	if len(in.Words) < 2 || slices.ContainsFunc(in.Words[:len(in.Words)-1], func(w dockerfile.Word) bool { return mayUnpack.MatchString(w.Value) }) {
		return nil
	}
	return &checks.Fix{Title: "Write `COPY` instead of `ADD`", Safety: checks.Unsafe, Edits: []source.Edit{edit(f, in.KeywordSpan, likeKeyword(f, in, "COPY"))}}
}

// onlyLast removes the instructions of a stage that a later one of the same name replaces
// whole, as CMD, ENTRYPOINT and HEALTHCHECK do.
func onlyLast(f *dockerfile.File, in *dockerfile.Instruction) *checks.Fix {
	var same []*dockerfile.Instruction
	for _, i := range in.Stage.Instructions {
		if i.Keyword == in.Keyword {
			same = append(same, i)
		}
	}
	if len(same) < 2 {
		return nil
	}
	fix := &checks.Fix{Title: "Remove `" + in.Keyword + "` where a later one replaces it", Safety: checks.Safe}
	for _, i := range same[:len(same)-1] {
		first, last := f.LineAt(i.Span.Start), f.LineAt(i.Span.End)
		start := f.LineSpan(first).Start
		if strings.TrimSpace(f.Slice(source.Span{Start: start, End: i.Span.Start})) != "" || first > 1 && strings.HasPrefix(strings.TrimSpace(f.LineText(first-1)), "#") {
			return nil // a comment above would be left to what follows
		}
		fix.Edits = append(fix.Edits, edit(f, source.Span{Start: start, End: f.LineSpan(last + 1).Start}, ""))
	}
	return fix
}

// plainWord is a word without quotes, escapes and variables.
var plainWord = regexp.MustCompile(`^[\w.+@~/-]+$`)

// absoluteWorkdir writes the folder that the build takes.
func absoluteWorkdir(f *dockerfile.File, in *dockerfile.Instruction) *checks.Fix {
	was := in.Before().Workdir
	if len(in.Words) != 1 || !was.Known || !strings.HasPrefix(was.Value, "/") {
		return nil
	}
	w := in.Words[0]
	if !plainWord.MatchString(w.Value) || strings.HasPrefix(w.Value, "/") || f.Slice(w.Span) != w.Value {
		return nil
	}
	to := path.Join(was.Value, w.Value)
	if !plainWord.MatchString(to) {
		return nil
	}
	return &checks.Fix{Title: "Write the whole path, " + checks.Code(to), Safety: checks.Safe, Edits: []source.Edit{edit(f, w.Span, to)}}
}

// intoFolder is not certain: without the slash some builders take the target of several
// sources for a file.
func intoFolder(f *dockerfile.File, in *dockerfile.Instruction) *checks.Fix {
	if len(in.Words) < 3 || len(in.Heredocs) > 0 {
		return nil
	}
	w := in.Words[len(in.Words)-1]
	end := w.Span.End
	if in.Exec {
		end -= len(`"`)
	}
	if w.Value == "" || strings.ContainsAny(w.Value, `\"'`+"`") || f.Slice(source.Span{Start: end - len(w.Value), End: end}) != w.Value {
		return nil
	}
	at := source.Span{Start: end, End: end}
	return &checks.Fix{Title: "End the target with a slash", Safety: checks.Unsafe, Edits: []source.Edit{edit(f, at, "/")}}
}

// withOption gives all calls of a program in a shell script that have a verb an option,
// which may also be called by another name or, where it is short, stand in a group.
func withOption(program, verb, option, otherwise string, safety checks.Safety) func(*dockerfile.File, *dockerfile.Instruction) *checks.Fix {
	return func(f *dockerfile.File, in *dockerfile.Instruction) *checks.Fix {
		commands, ok := in.Commands()
		if !ok || in.Exec || option == "--no-cache" && in.Flag("mount") != nil {
			return nil
		}
		fix := &checks.Fix{Title: "Call `" + program + " " + verb + "` with `" + option + "`", Safety: safety}
		for _, c := range commands {
			name, args := path.Base(c.Name), c.Args
			if name == "sudo" && len(args) > 0 {
				name, args = path.Base(args[0].Value), args[1:]
			}
			if name != program {
				continue
			}
			n := slices.IndexFunc(args, func(a dockerfile.ShellWord) bool { return !a.Static || !strings.HasPrefix(a.Value, "-") })
			if n < 0 || args[n].Value != verb || slices.ContainsFunc(args, func(a dockerfile.ShellWord) bool { return isOption(a.Value, option, otherwise) }) {
				continue
			}
			if f.Slice(args[n].Span) != verb {
				return nil
			}
			at := source.Span{Start: args[n].Span.End, End: args[n].Span.End}
			fix.Edits = append(fix.Edits, edit(f, at, " "+option))
		}
		if len(fix.Edits) == 0 {
			return nil
		}
		return fix
	}
}

// isOption reports whether an argument is an option, by one name or the other, or has it
// among letters behind one dash.
func isOption(arg, option, otherwise string) bool {
	if arg == option || arg == otherwise && arg != "" {
		return true
	}
	letter, short := strings.CutPrefix(option, "-")
	return short && len(letter) == 1 && strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && strings.Contains(arg, letter)
}

// maintainer is a name that LABEL takes between quotes as it is.
var maintainer = regexp.MustCompile(`^"?([^"'$\\` + "`" + `[:cntrl:]]+)"?$`)

// authors is the label that Docker's documentation names instead.
// https://docs.docker.com/reference/dockerfile/#maintainer-deprecated
const authors = "org.opencontainers.image.authors"

func labelInsteadOfMaintainer(f *dockerfile.File, in *dockerfile.Instruction) *checks.Fix {
	if len(in.Words) != 1 || f.Slice(in.ArgsSpan) != in.Words[0].Value {
		return nil
	}
	for _, i := range in.Stage.Instructions {
		if i.Keyword == "MAINTAINER" && i != in || i.Keyword == "LABEL" && slices.ContainsFunc(i.Pairs, func(p dockerfile.Pair) bool { return strings.Trim(p.Name.Value, `"'`) == authors }) {
			return nil
		}
	}
	m := maintainer.FindStringSubmatch(in.Words[0].Value)
	if len(m) == 0 {
		return nil
	}
	at := source.Span{Start: in.KeywordSpan.Start, End: in.ArgsSpan.End}
	text := likeKeyword(f, in, "LABEL") + " " + authors + `="` + m[1] + `"`
	return &checks.Fix{Title: "Write `LABEL " + authors + "` instead of `MAINTAINER`", Safety: checks.Safe, Edits: []source.Edit{edit(f, at, text)}}
}
