package misconf

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// finding gives a verdict our position, key and wording.
func finding(f *dockerfile.File, v verdict) checks.Finding {
	found := checks.Finding{
		Rule: v.check.rule, Severity: v.check.rule.Severity, File: f.File,
		Message: sentence(shorten(v.message)), Help: v.check.help,
	}
	in := instructionAt(f, v.start)
	if in == nil { // something is missing from the file as a whole
		found.Key = "file"
		if final := f.Final(); final != nil {
			found.Span = final.From.Span
		}
		return found
	}
	found.Key = stageKey(f, in.Stage) + " " + in.Keyword
	found.Fix = fix(f, v.check.rule.ID, in)
	if subject, ok := subjects[v.check.rule.ID]; ok {
		if span, ok := subject(in, v.message); ok {
			found.Span = span
			if span != in.KeywordSpan {
				found.Key += " " + bounded(f.Slice(span))
			}
			return found
		}
	}
	found.Span = in.Span
	if pattern, ok := patterns[v.check.rule.ID]; ok {
		if at := pattern.FindStringSubmatchIndex(in.Logical.Text); at != nil {
			found.Span = in.Logical.Span(at[len(at)-2], at[len(at)-1])
		}
	}
	found.Key += " " + bounded(arguments(in))
	return found
}

// instructionAt is the instruction that covers a one-based line, nil for line 0.
func instructionAt(f *dockerfile.File, line int) *dockerfile.Instruction {
	i, ok := slices.BinarySearchFunc(f.Instructions, line, func(in *dockerfile.Instruction, line int) int {
		switch {
		case f.LineAt(in.Span.End-1) < line:
			return -1
		case f.LineAt(in.Span.Start) > line:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return f.Instructions[i]
}

// subjects find the word that a check is about within the instruction that it names. The
// rest of the instruction does not matter to the finding.
var subjects = map[string]func(in *dockerfile.Instruction, message string) (source.Span, bool){
	"DS-0001": firstWord,
	"DS-0002": firstWord,
	"DS-0004": wordThat(func(w string) bool { return w == "22" || w == "22/tcp" || w == "22/udp" }),
	"DS-0006": flagNamed("from"),
	"DS-0007": keyword,
	"DS-0008": wordThat(outOfRange),
	"DS-0009": firstWord,
	"DS-0011": lastWord,
	"DS-0012": lastWord,
	"DS-0016": keyword,
	"DS-0022": keyword,
	"DS-0023": keyword,
	"DS-0030": firstWord,
	"DS-0031": quotedName,
}

// patterns find where to point within an instruction that matters as a whole: a RUN can
// be long. What they miss, such as an exec form, is shown whole. A group that ends a
// pattern is what is shown of it.
var patterns = map[string]*regexp.Regexp{
	"DS-0005": regexp.MustCompile(`^\S+`),
	"DS-0010": regexp.MustCompile(`(?:^\S+(?:\s+--\S+)*|&&)\s*(sudo)\b`),
	"DS-0013": regexp.MustCompile(`\bcd \S+`),
	"DS-0014": regexp.MustCompile(`\bwget\b`),
	"DS-0015": regexp.MustCompile(`\byum\s+(?:-\S+\s+)*install\b`),
	"DS-0017": regexp.MustCompile(`\b(?:apt-get|apt|yum|apk|dnf|zypper)\s+(?:-\S+\s+)*(?:update|up)\b`),
	"DS-0019": regexp.MustCompile(`\S*dnf (?:in|rei)\S*`),
	"DS-0020": regexp.MustCompile(`\bzypper\s+(?:-\S+\s+)*[a-z]+`),
	"DS-0021": regexp.MustCompile(`\bapt-get\s+(?:-\S+\s+)*install\b`),
	"DS-0025": regexp.MustCompile(`\bapk\s+(?:-\S+\s+)*add\b`),
	"DS-0027": regexp.MustCompile(`\bmicrodnf (?:re)?install\b`),
	"DS-0029": regexp.MustCompile(`\bapt-get\s+(?:-\S+\s+)*install\b`),
}

func keyword(in *dockerfile.Instruction, _ string) (source.Span, bool) { return in.KeywordSpan, true }

func firstWord(in *dockerfile.Instruction, _ string) (source.Span, bool) {
	if len(in.Words) == 0 {
		return source.Span{}, false
	}
	return in.Words[0].Span, true
}

func lastWord(in *dockerfile.Instruction, _ string) (source.Span, bool) {
	if len(in.Words) == 0 {
		return source.Span{}, false
	}
	return in.Words[len(in.Words)-1].Span, true
}

func wordThat(match func(string) bool) func(*dockerfile.Instruction, string) (source.Span, bool) {
	return func(in *dockerfile.Instruction, _ string) (source.Span, bool) {
		for _, w := range in.Words {
			if match(w.Value) {
				return w.Span, true
			}
		}
		return source.Span{}, false
	}
}

func outOfRange(word string) bool {
	port, _, _ := strings.Cut(word, "/")
	n, err := strconv.ParseFloat(port, 64)
	return err == nil && n > 65535
}

func flagNamed(name string) func(*dockerfile.Instruction, string) (source.Span, bool) {
	return func(in *dockerfile.Instruction, _ string) (source.Span, bool) {
		for _, f := range in.Flags {
			if f.Name == name {
				return f.Span, true
			}
		}
		return source.Span{}, false
	}
}

// quotedName finds the ENV or ARG whose name the message quotes.
func quotedName(in *dockerfile.Instruction, message string) (source.Span, bool) {
	for _, p := range in.Pairs {
		if strings.Contains(message, strconv.Quote(p.Name.Value)) {
			return p.Name.Span, true
		}
	}
	return source.Span{}, false
}

// stageKey names a stage as the keys of our own rules do.
func stageKey(f *dockerfile.File, s *dockerfile.Stage) string {
	if s == nil {
		return "head"
	}
	pass := checks.DockerfilePass{File: f, Final: f.Final()}
	return pass.StageKey(s)
}

// arguments is what follows an instruction's keyword, without what may change while the
// finding stays the same: line breaks, comments, spacing, and numbers, because a new
// version of a package is not a new mistake.
func arguments(in *dockerfile.Instruction) string {
	texts := []string{in.Logical.Text[min(len(in.Keyword), len(in.Logical.Text)):]}
	for _, h := range in.Heredocs {
		texts = append(texts, h.Content)
	}
	var out strings.Builder
	for i, word := range strings.Fields(strings.Join(texts, " ")) {
		if i > 0 {
			out.WriteByte(' ')
		}
		digits := false
		for _, r := range word {
			digit := '0' <= r && r <= '9'
			if !digit {
				out.WriteRune(r)
			} else if !digits {
				out.WriteByte('0')
			}
			digits = digit
		}
	}
	return out.String()
}

const maxKeyBytes, maxMessageRunes = 80, 240

// bounded is a text short enough for a key: itself, or its hash.
func bounded(s string) string {
	if len(s) <= maxKeyBytes {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

// shorten bounds Trivy's text, which quotes the Dockerfile, sometimes the whole of a RUN.
func shorten(s string) string {
	if utf8.RuneCountInString(s) <= maxMessageRunes {
		return s
	}
	return string([]rune(s)[:maxMessageRunes]) + "…"
}

// sentence makes Trivy's text one line that ends like a sentence.
func sentence(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "…") {
		return s
	}
	return s + "."
}
