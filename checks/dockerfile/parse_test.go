package dockerfile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chiselbot/chiselbot/checks/source"
)

var refusedFiles = map[string]struct {
	text string
	want string // line and part of the message
}{
	"empty":                    {"", "line 1: file with no instructions"},
	"only comments":            {"# a\n# b\n", "line 2: file with no instructions"},
	"no FROM":                  {"ARG A=1\n", "line 1: no FROM instruction"},
	"something before FROM":    {"ARG A=1\n\nRUN x\nFROM a\n", "line 3: no build stage in current context"},
	"unknown instruction":      {"FROM a\n\nFORM b\n", "line 3: unknown instruction: FORM"},
	"unknown flag":             {"FROM a\nCOPY --form=b c d\n", "line 2: unknown flag: --form"},
	"flag twice":               {"FROM a\nCOPY --from=b --from=c d e\n", "line 2: duplicate flag specified: --from"},
	"ENV without value":        {"FROM a\nENV A\n", "line 2: ENV must have two arguments"},
	"LABEL without equals":     {"FROM a\nLABEL A=1 B\n", "line 2: Syntax error - can't find = in \"B\". Must be of the form: name=value"},
	"FROM with two words":      {"FROM a b\n", "line 1: FROM requires either one or three arguments"},
	"stage name":               {"FROM a AS 1\n", "line 1: invalid name for build stage: \"1\", name can't start with a number or contain symbols"},
	"COPY to nowhere":          {"FROM a\nCOPY b\n", "line 2: COPY requires at least two arguments, but only one was provided. Destination could not be determined"},
	"numbers in exec form":     {"FROM a\nCMD [1]\n", "line 2: when using JSON array syntax, arrays must be comprised of strings only"},
	"SHELL in shell form":      {"FROM a\nSHELL sh -c\n", "line 2: SHELL requires the arguments to be in JSON form"},
	"open heredoc":             {"FROM a\nRUN <<E\nx\n", "line 2: unterminated heredoc"},
	"heredoc as destination":   {"FROM a\nCOPY b <<E\nx\nE\n", "line 2: COPY cannot accept a heredoc as a destination"},
	"escape directive":         {"# escape=x\nFROM a\n", "line 1: invalid escape token 'x' does not match ` or \\"},
	"directive twice":          {"# syntax=a\n# syntax=b\nFROM a\n", "line 1: only one syntax parser directive can be used"},
	"chained ONBUILD":          {"FROM a\nONBUILD ONBUILD RUN x\n", "line 2: Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"},
	"FROM behind ONBUILD":      {"FROM a\nONBUILD FROM b\n", "line 2: FROM isn't allowed as an ONBUILD trigger"},
	"health check of no kind":  {"FROM a\nHEALTHCHECK x\n", "line 2: Unknown type \"X\" in HEALTHCHECK (try CMD)"},
	"health check without":     {"FROM a\nHEALTHCHECK\n", "line 2: HEALTHCHECK requires at least one argument"},
	"interval":                 {"FROM a\nHEALTHCHECK --interval=x CMD y\n", "line 2: time: invalid duration \"x\""},
	"variable in a mount":      {"FROM a\nRUN --mount=from=$B,target=/x y\n", "line 2: 'from' doesn't support variable expansion, define alias stage instead"},
	"only an escape":           {"FROM a\n\\\n", "line 2: unknown instruction"},
	"long line":                {"FROM a\nRUN " + strings.Repeat("x", 70_000) + "\n", "line 2: line is longer than 65535 bytes"},
	"long instruction":         {"FROM a\n" + strings.Repeat("RUN x \\\n", 20_000), "line 2: instruction is longer than 131072 bytes"},
	"many substitutions":       {"FROM a\nRUN x\nRUN <<E " + strings.Repeat("${a:-", 1_001), "line 3: instruction has more than 1000 substitutions"},
	"long substitutions":       {"FROM a\n" + strings.Repeat("RUN <<E "+strings.Repeat("${a:-", 900)+strings.Repeat("x", 30_000)+"\n", 30), "line 4: too many substitutions in long instructions"},
	"substitutions over lines": {"FROM a\nRUN x \\\n" + strings.Repeat("# c\n\n${a:-`\n", 1_001), "line 2: instruction has more than 1000 substitutions"},
	"many instructions":        {"FROM a\n" + strings.Repeat("USER x\n", maxInstructions), "line 10001: more than 10000 instructions"},
	"many variables":           {"FROM a\n" + strings.Repeat("ENV A=1\nONBUILD ARG B=2\n", 501), "line 1002: more than 1000 variables"},
	"many stages":              {strings.Repeat("FROM a\n", maxStages+1), "line 201: more than 200 stages"},
	"large file":               {"FROM a\n" + strings.Repeat("# xxxxxx\n", source.MaxFileBytes/9), "line 1: file is larger than 1048576 bytes"},
	"long message":             {"FROM a\nLABEL a=b " + strings.Repeat("ü", 400) + "\n", "line 2: Syntax error - can't find = in \"" + strings.Repeat("ü", 134) + "…"},
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range refusedFiles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(source.NewFile("Dockerfile", tt.text))
			if got := fmt.Sprint(err); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
