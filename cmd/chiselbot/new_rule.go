package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chiselbot/chiselbot/checks/rules"
)

func (p program) newRuleCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "new ID",
		Short: "Begin a new rule: its three files and its place on the list",
		Long: `Write ID.go, ID.md and ID.txtar into the folder of the rules and put the rule on
the list in rules.go. Run it in a clone of chiselbot, then follow CONTRIBUTING.md.`,
		Example: "  chiselbot rules new writable-root",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			files, err := scaffold(dir, args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(p.out, "Wrote %s.\nNext: say in %s what is wrong and show it, then make\n  go test ./checks/rules -run 'TestRules/%s'\npass; -update writes the cases' results for you to read.\n",
				strings.Join(files, ", "), files[1], args[0])
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", filepath.Join("checks", "rules"), "folder of the rules")
	return cmd
}

var ruleID = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)

// scaffold writes the three files of a rule and its line of the list, and names them.
func scaffold(dir, id string) ([]string, error) {
	if !ruleID.MatchString(id) || token.IsKeyword(goName(id)) {
		return nil, fmt.Errorf("create rule %q: want lower-case words joined by hyphens, such as root-user", id)
	}
	list := filepath.Join(dir, "rules.go")
	source, err := os.ReadFile(list)
	if err != nil {
		return nil, fmt.Errorf("create rule %s: %w; run this in a clone of chiselbot or say --dir", id, err)
	}
	listed, err := enlist(string(source), id)
	if err != nil {
		return nil, fmt.Errorf("create rule %s: %w", id, err)
	}

	files := map[string]string{".go": newRuleGo, ".md": newRulePage, ".txtar": newRuleCases}
	var wrote []string
	for _, ext := range []string{".go", ".md", ".txtar"} {
		name := filepath.Join(dir, id+ext)
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return nil, fmt.Errorf("create rule %s: %w", id, err)
		}
		_, err = strings.NewReplacer("<id>", id, "<name>", goName(id), "<Name>", strings.ToUpper(id[:1])+goName(id)[1:]).WriteString(f, files[ext])
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("create rule %s: %w", id, err)
		}
		wrote = append(wrote, name)
	}
	if err := os.WriteFile(list, []byte(listed), 0o644); err != nil {
		return nil, fmt.Errorf("create rule %s: %w", id, err)
	}
	return append(wrote, list), nil
}

// goName is the rule's variable: rootUser for root-user.
func goName(id string) string {
	words := strings.Split(id, "-")
	for i, w := range words[1:] {
		words[i+1] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, "")
}

// enlist puts the rule's variable into the list that All returns, which is sorted by the
// rules' ids.
func enlist(source, id string) (string, error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, "rules.go", source, 0)
	if err != nil {
		return "", err
	}
	var list *ast.CompositeLit
	ast.Inspect(parsed, func(n ast.Node) bool {
		if fn, ok := n.(*ast.FuncDecl); ok && fn.Name.Name != "All" {
			return false
		}
		if lit, ok := n.(*ast.CompositeLit); ok && list == nil {
			list = lit
		}
		return list == nil
	})
	if list == nil {
		return "", errors.New("rules.go: found no list in the function All")
	}
	// The variables sort as the ids do only when the ids decide.
	ids := map[string]string{}
	for _, r := range rules.All() {
		ids[goName(r.ID)] = r.ID
	}
	at := list.Rbrace
	for _, e := range list.Elts {
		name, ok := e.(*ast.Ident)
		if !ok {
			continue
		}
		if name.Name == goName(id) {
			return "", errors.New("the rule is on the list already")
		}
		if other, ok := ids[name.Name]; ok && other > id {
			at = name.Pos()
			break
		}
	}
	offset := files.Position(at).Offset
	lineStart := strings.LastIndexByte(source[:offset], '\n') + 1
	return source[:lineStart] + "\t\t" + goName(id) + ",\n" + source[lineStart:], nil
}

const newRuleGo = `package rules

import "github.com/chiselbot/chiselbot/checks"

// <name> finds MAINTAINER, which no image needs any more. Replace this by your rule:
// say here what it knows, with the address of the source for a fact of the domain.
var <name> = page(checks.Rule{
	ID:         "<id>",
	Title:      "Maintainer is set by an instruction",
	Since:      "unreleased",
	Severity:   checks.Notice,
	Dockerfile: check<Name>,
})

func check<Name>(p *checks.DockerfilePass) {
	for _, in := range p.File.Instructions {
		if in.Keyword == "MAINTAINER" {
			p.Report(checks.Finding{
				Span:    in.KeywordSpan,
				Key:     p.StageKey(in.Stage),
				Message: "MAINTAINER is deprecated.",
				Help:    "Use the label org.opencontainers.image.authors.",
			})
		}
	}
}
`

const newRulePage = "# <id>\n\nSay in one sentence what is wrong.\n\n## Why it matters\n\nWhat breaks, and for whom.\n\n" +
	"```dockerfile bad\nFROM debian:13\nMAINTAINER cat@example.com\n```\n\n## What to do\n\n" +
	"```dockerfile good\nFROM debian:13\nLABEL org.opencontainers.image.authors=cat@example.com\n```\n\n" +
	"## When it is quiet\n\nWhat it does not report, and why.\n\n## Sources\n\n- https://docs.docker.com/reference/dockerfile/#maintainer-deprecated\n"

const newRuleCases = `Each folder is a repository; run the test with -update to write what the rule finds.

-- finds/Dockerfile --
FROM debian:13
MAINTAINER cat@example.com
-- quiet/Dockerfile --
FROM debian:13
`
