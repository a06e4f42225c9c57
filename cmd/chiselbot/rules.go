package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/spf13/cobra"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/misconf"
	"github.com/chiselbot/chiselbot/checks/rules"
)

func (p program) rulesCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List the rules, explain one, or begin a new one",
		Long: `List every rule with its severity. Those whose ids begin with DS- are Trivy's own
checks, which run beside ours.

A rule is switched off or given another severity in .github/chiselbot.yml, and
silenced in one place by a comment above the line:

  # chiselbot:ignore root-user until=2027-01-31 the init container needs it

A rule that is off finds nothing until those settings give it a severity, or a command
such as "chiselbot fix --rule" names it.`,
		Example: `  chiselbot rules
  chiselbot rules explain root-user
  chiselbot rules --format markdown`,
		Args: arguments(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			all, err := knownRules()
			if err != nil {
				return err
			}
			switch format {
			case "text":
				return listRules(p.out, all)
			case "markdown":
				_, err := io.WriteString(p.out, rulesTable(rules.All()))
				return err
			case "json":
				return encodeRules(p.out, all)
			}
			return fmt.Errorf("read --format %q: want text, markdown or json", format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text, markdown (the README's table) or json")
	cmd.AddCommand(p.explainCommand(), p.newRuleCommand())
	return cmd
}

// knownRules are our rules and then Trivy's checks.
func knownRules() ([]*checks.Rule, error) {
	theirs, err := misconf.Checks()
	if err != nil {
		return nil, err
	}
	return append(rules.All(), theirs...), nil
}

func listRules(w io.Writer, all []*checks.Rule) error {
	width := 0
	for _, r := range all {
		width = max(width, len(r.ID))
	}
	var b strings.Builder
	for _, r := range all {
		fmt.Fprintf(&b, "%-*s  %-7s  %s\n", width, r.ID, r.Severity, r.Title)
	}
	b.WriteString("\nchiselbot rules explain ID tells why a rule is there and what to do.\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// rulesTable is the table of the README.
func rulesTable(all []*checks.Rule) string {
	var b strings.Builder
	b.WriteString("| Rule | Severity | What is wrong | Instead of |\n|---|---|---|---|\n")
	for _, r := range all {
		var replaced []string
		for _, other := range r.Replaces {
			replaced = append(replaced, other.ID)
		}
		fmt.Fprintf(&b, "| [`%s`](checks/rules/%s.md) | %s | %s | %s |\n", r.ID, r.ID, r.Severity, r.Title, strings.Join(replaced, ", "))
	}
	return b.String()
}

// listedRule is a rule in the JSON list.
type listedRule struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Severity string   `json:"severity"`
	Since    string   `json:"since,omitempty"`
	URL      string   `json:"url"`
	Replaces []string `json:"replaces,omitempty"`
}

func encodeRules(w io.Writer, all []*checks.Rule) error {
	var list []listedRule
	for _, r := range all {
		one := listedRule{ID: r.ID, Title: r.Title, Severity: r.Severity.String(), Since: r.Since, URL: r.URL}
		for _, other := range r.Replaces {
			one.Replaces = append(one.Replaces, other.ID)
		}
		list = append(list, one)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(list)
}

func (p program) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "explain ID",
		Short:   "Say why a rule is there, what to do, and when it is quiet",
		Example: "  chiselbot rules explain no-shell",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			all, err := knownRules()
			if err != nil {
				return err
			}
			rule, err := findRule(all, args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.out, "%s\n\n%s · since %s · %s\n", strings.TrimSpace(rule.Doc), rule.Severity, cmp.Or(rule.Since, "the beginning"), rule.URL)
			return err
		},
	}
}

func findRule(all []*checks.Rule, id string) (*checks.Rule, error) {
	for _, r := range all {
		if strings.EqualFold(r.ID, id) {
			return r, nil
		}
	}
	nearest := slices.MinFunc(all, func(a, b *checks.Rule) int {
		return levenshtein.Distance(id, a.ID, nil) - levenshtein.Distance(id, b.ID, nil)
	})
	return nil, fmt.Errorf("explain rule %q: there is no such rule; did you mean %s? chiselbot rules lists them all", id, nearest.ID)
}
