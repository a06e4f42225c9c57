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

// A fixer makes the fix of one check.
type fixer struct {
	safety checks.Safety
	// edits are told the instruction that the check names; none is for a person.
	edits func(f *dockerfile.File, in *dockerfile.Instruction) (title string, edits []source.Edit)
}

// fixers are those of the checks of Dockerfiles that one edit cures, where it is certain
// what that edit is.
var fixers = map[string]fixer{
	"DS-0005": {checks.Unsafe, copyInsteadOfAdd}, // that a file is an archive is not told by its name
	"DS-0007": {checks.Safe, onlyLast},
	"DS-0009": {checks.Safe, absoluteWorkdir},
	"DS-0011": {checks.Unsafe, intoFolder}, // without the slash some builders take the target for a file
	"DS-0016": {checks.Safe, onlyLast},
	"DS-0021": {checks.Safe, withOption("apt-get", "install", "-y", "--yes", "--assume-yes")}, // nobody is there to be asked
	"DS-0022": {checks.Safe, labelInsteadOfMaintainer},
	"DS-0023": {checks.Safe, onlyLast},
	"DS-0025": {checks.Unsafe, withOption("apk", "add", "--no-cache")},
	"DS-0029": {checks.Unsafe, withOption("apt-get", "install", "--no-install-recommends")}, // they may be needed
}

// fix is the fix of a check of the instruction, nil where there is none.
func fix(f *dockerfile.File, id string, in *dockerfile.Instruction) *checks.Fix {
	fixer, ok := fixers[id]
	if !ok || in.Stage == nil {
		return nil
	}
	title, edits := fixer.edits(f, in)
	if len(edits) == 0 {
		return nil
	}
	return &checks.Fix{Title: title, Safety: fixer.safety, Edits: edits}
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

// copyInsteadOfAdd writes COPY for sources that are neither downloaded nor called like an
// archive.
// https://docs.docker.com/reference/dockerfile/#add
func copyInsteadOfAdd(f *dockerfile.File, in *dockerfile.Instruction) (string, []source.Edit) {
	for _, flag := range in.Flags {
		if !slices.Contains([]string{"chown", "chmod", "link"}, flag.Name) {
			return "", nil
		}
	}
	if len(in.Words) < 2 || slices.ContainsFunc(in.Words[:len(in.Words)-1], func(w dockerfile.Word) bool { return mayUnpack.MatchString(w.Value) }) {
		return "", nil
	}
	return "Write `COPY` instead of `ADD`", []source.Edit{edit(f, in.KeywordSpan, likeKeyword(f, in, "COPY"))}
}

// onlyLast removes the instructions of a stage that a later one of the same name replaces
// whole, as CMD, ENTRYPOINT and HEALTHCHECK do.
func onlyLast(f *dockerfile.File, in *dockerfile.Instruction) (string, []source.Edit) {
	var same []*dockerfile.Instruction
	for _, i := range in.Stage.Instructions {
		if i.Keyword == in.Keyword {
			same = append(same, i)
		}
	}
	if len(same) < 2 {
		return "", nil
	}
	var edits []source.Edit
	for _, i := range same[:len(same)-1] {
		first, last := f.LineAt(i.Span.Start), f.LineAt(i.Span.End)
		start := f.LineSpan(first).Start
		if strings.TrimSpace(f.Slice(source.Span{Start: start, End: i.Span.Start})) != "" || first > 1 && strings.HasPrefix(strings.TrimSpace(f.LineText(first-1)), "#") {
			return "", nil // a comment above would be left to what follows
		}
		edits = append(edits, edit(f, source.Span{Start: start, End: f.LineSpan(last + 1).Start}, ""))
	}
	return "Remove `" + in.Keyword + "` where a later one replaces it", edits
}

// plainWord is a word without quotes, escapes and variables.
var plainWord = regexp.MustCompile(`^[\w.+@~/-]+$`)

// absoluteWorkdir writes the folder that the build takes.
func absoluteWorkdir(f *dockerfile.File, in *dockerfile.Instruction) (string, []source.Edit) {
	was := in.Before().Workdir
	if len(in.Words) != 1 || !was.Known || !strings.HasPrefix(was.Value, "/") {
		return "", nil
	}
	w := in.Words[0]
	if !plainWord.MatchString(w.Value) || strings.HasPrefix(w.Value, "/") || f.Slice(w.Span) != w.Value {
		return "", nil
	}
	to := path.Join(was.Value, w.Value)
	if !plainWord.MatchString(to) {
		return "", nil
	}
	return "Write the whole path, " + checks.Code(to), []source.Edit{edit(f, w.Span, to)}
}

// intoFolder ends the target of several sources with a slash.
func intoFolder(f *dockerfile.File, in *dockerfile.Instruction) (string, []source.Edit) {
	if len(in.Words) < 3 || len(in.Heredocs) > 0 {
		return "", nil
	}
	w := in.Words[len(in.Words)-1]
	end := w.Span.End
	if in.Exec {
		end -= len(`"`)
	}
	if w.Value == "" || strings.ContainsAny(w.Value, `\"'`+"`") || f.Slice(source.Span{Start: end - len(w.Value), End: end}) != w.Value {
		return "", nil
	}
	return "End the target with a slash", []source.Edit{edit(f, source.Span{Start: end, End: end}, "/")}
}

// withOption gives all calls of a program in a shell script that have a verb an option,
// which may have other names too and, where it is short, stand in a group.
func withOption(program, verb, option string, others ...string) func(*dockerfile.File, *dockerfile.Instruction) (string, []source.Edit) {
	return func(f *dockerfile.File, in *dockerfile.Instruction) (string, []source.Edit) {
		commands, ok := in.Commands()
		if !ok || in.Exec || option == "--no-cache" && in.Flag("mount") != nil { // which may be the cache
			return "", nil
		}
		has := func(a dockerfile.ShellWord) bool {
			letter, short := strings.CutPrefix(option, "-")
			group := short && len(letter) == 1 && strings.HasPrefix(a.Value, "-") && !strings.HasPrefix(a.Value, "--")
			return a.Value == option || slices.Contains(others, a.Value) || group && strings.Contains(a.Value, letter)
		}
		var edits []source.Edit
		for _, c := range commands {
			name, args := path.Base(c.Name), c.Args
			if name == "sudo" && len(args) > 0 {
				name, args = path.Base(args[0].Value), args[1:]
			}
			n := slices.IndexFunc(args, func(a dockerfile.ShellWord) bool { return !a.Static || !strings.HasPrefix(a.Value, "-") })
			if name != program || n < 0 || args[n].Value != verb || slices.ContainsFunc(args, has) {
				continue
			}
			at := args[n].Span
			if f.Slice(at) != verb {
				return "", nil // in quotes, or over lines
			}
			edits = append(edits, edit(f, source.Span{Start: at.End, End: at.End}, " "+option))
		}
		return "Call `" + program + " " + verb + "` with `" + option + "`", edits
	}
}

// maintainer is a name that LABEL takes between quotes as it is.
var maintainer = regexp.MustCompile(`^"?([^"'$\\` + "`" + `[:cntrl:]]+)"?$`)

// authors is the label that Docker's documentation names instead.
// https://docs.docker.com/reference/dockerfile/#maintainer-deprecated
const authors = "org.opencontainers.image.authors"

func labelInsteadOfMaintainer(f *dockerfile.File, in *dockerfile.Instruction) (string, []source.Edit) {
	if len(in.Words) != 1 || f.Slice(in.ArgsSpan) != in.Words[0].Value {
		return "", nil
	}
	for _, i := range in.Stage.Instructions {
		if i.Keyword == "MAINTAINER" && i != in || i.Keyword == "LABEL" && slices.ContainsFunc(i.Pairs, func(p dockerfile.Pair) bool { return strings.Trim(p.Name.Value, `"'`) == authors }) {
			return "", nil
		}
	}
	m := maintainer.FindStringSubmatch(in.Words[0].Value)
	if len(m) == 0 {
		return "", nil
	}
	at := source.Span{Start: in.KeywordSpan.Start, End: in.ArgsSpan.End}
	text := likeKeyword(f, in, "LABEL") + " " + authors + `="` + m[1] + `"`
	return "Write `LABEL " + authors + "` instead of `MAINTAINER`", []source.Edit{edit(f, at, text)}
}
