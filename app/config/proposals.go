package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/chiselbot/chiselbot/app/schedule"
	"github.com/chiselbot/chiselbot/checks"
)

const (
	// maxSuggestions is how many suggestions a review may make.
	maxSuggestions = 20
	// maxOpen is how many proposals a repository may have, maxAll those limits of an owner.
	maxOpen, maxAll = 100, 1000
	// maxLabels and maxAssignees are how many of each a proposal may have; GitHub takes ten
	// assignees.
	maxLabels, maxAssignees = 50, 10
	// maxIgnores is how many entries ignores may have.
	maxIgnores = 200
	// maxReason is the longest reason of one.
	maxReason = 500
)

// Windows are when proposals are made.
type Windows struct {
	// Sweep is when the default branch is looked through; Sweeps is false where it never is.
	Sweep  schedule.Schedule
	Sweeps bool
	// Window is when pull requests may be opened.
	Window schedule.Schedule
}

// Windows reads the schedules, which were checked when the settings were read.
func (p Proposals) Windows() Windows {
	w := Windows{Sweeps: p.Sweep != ""}
	if w.Sweeps {
		w.Sweep, _ = schedule.Parse(p.Sweep, p.TimeZone)
	}
	if p.Window != "" {
		w.Window, _ = schedule.Parse(p.Window, p.TimeZone)
	}
	return w
}

func (p *reading) proposals(n *yaml.Node, path string, s *Settings) {
	all := &s.Proposals
	p.mapping(n, path, func(key string, name, value *yaml.Node) {
		switch name.Value {
		case "sweep":
			set(p, key, &all.Sweep, p.cron(value, key))
		case "window":
			set(p, key, &all.Window, p.cron(value, key))
		case "time-zone":
			zone, _ := p.text(value, key, func(zone string) (string, string) {
				if _, err := schedule.Zone(zone); err != nil || zone == "" {
					return fmt.Sprintf("There is no time zone %s.", code(zone)), "Write its name in the IANA database, such as `Europe/Berlin`."
				}
				return "", ""
			})
			set(p, key, &all.TimeZone, zone)
		case "upgrade":
			set(p, key, &all.Upgrade, p.truth(value, key))
		case "variant":
			set(p, key, &all.Variant, Variant(p.word(value, key, []string{string(AutoVariant), string(Extra), string(Plain)})))
		case "read-only":
			set(p, key, &all.ReadOnly, p.truth(value, key))
		case "open":
			open := p.number(value, key, maxOpen)
			if p.owner != nil {
				open = min(open, p.owner.Settings.Proposals.Open)
			}
			set(p, key, &all.Open, open)
		case "at-first":
			set(p, key, &all.AtFirst, AtFirst(p.word(value, key, []string{string(One), string(Many)})))
		case "titles":
			set(p, key, &all.Titles, Titles(p.word(value, key, []string{string(AutoTitles), string(Conventional), string(PlainTitles)})))
		case "reviewers":
			set(p, key, &all.Reviewers, Reviewers(p.word(value, key, []string{string(CodeOwners), string(NoReviewers)})))
		case "labels":
			set(p, key, &all.Labels, p.few(value, key, "label", maxLabels, checkLabel))
		case "assignees":
			set(p, key, &all.Assignees, p.few(value, key, "name", maxAssignees, checkLogin))
		case "all":
			if p.ofOwner == nil {
				p.problem(p.span(name), key, fmt.Sprintf("%s is not a setting of one repository.", code(key)),
					fmt.Sprintf("Move it to %s in the owner's repository `.github`.", code(OwnersPath)))
				return
			}
			p.limits(value, key, &p.ofOwner.Limits)
		default:
			p.unknown(name, key, reflect.TypeFor[Proposals]())
		}
	})
}

// limits reads the limits of all repositories together.
func (p *reading) limits(n *yaml.Node, path string, l *Limits) {
	p.mapping(n, path, func(key string, name, value *yaml.Node) {
		switch name.Value {
		case "open":
			l.Open = p.number(value, key, maxAll)
		case "hour":
			l.Hour = p.number(value, key, maxAll)
		case "day":
			l.Day = p.number(value, key, maxAll)
		default:
			p.problem(p.span(name), key, fmt.Sprintf("There is no setting %s.", code(key)), "Write `open`, `hour` or `day`.")
		}
	})
}

func (p *reading) ignore(n *yaml.Node, path string, s *Settings) {
	p.mapping(n, path, func(key string, name, value *yaml.Node) {
		switch name.Value {
		case "who":
			set(p, key, &s.Ignore.Who, Who(p.word(value, key, []string{string(Writers), string(Admins)})))
		case "where":
			set(p, key, &s.Ignore.Where, Where(p.word(value, key, []string{string(IgnoreOnBranch), string(IgnoreInSettings)})))
		default:
			p.unknown(name, key, reflect.TypeFor[Ignore]())
		}
	})
}

func (p *reading) ignores(n *yaml.Node, path string) []Ignored {
	if !p.is(n, path, yaml.SequenceNode, "Write each entry after `- `.") {
		return nil
	}
	var all []Ignored
	for i, item := range n.Content {
		key := fmt.Sprintf("%s[%d]", path, i)
		if i == maxIgnores {
			p.problem(p.span(item), key, fmt.Sprintf("%s has more than %d entries.", code(path), maxIgnores), "Say the same with fewer.")
			break
		}
		one := Ignored{file: p.file, span: p.span(item)}
		p.mapping(item, key, func(key string, name, value *yaml.Node) {
			switch name.Value {
			case "rule":
				one.Rule, _ = p.text(value, key, func(id string) (string, string) {
					if slices.Contains(p.known, id) {
						return "", ""
					}
					return fmt.Sprintf("There is no rule %s.", code(id)), didYouMean(id, p.known, "`chiselbot rules` lists the rules.")
				})
			case "path":
				one.Path, _ = p.text(value, key, checkGlob)
			case "until":
				one.Until = p.day(value, key)
			case "reason":
				one.Reason, _ = p.text(value, key, checkReason)
			default:
				p.unknown(name, key, reflect.TypeFor[Ignored]())
			}
		})
		if item.Kind == yaml.MappingNode {
			for _, required := range []struct{ name, value string }{{"rule", one.Rule}, {"reason", one.Reason}} {
				if required.value == "" && !has(item, required.name) {
					p.problem(p.span(item), key, fmt.Sprintf("%s has no %s.", code(key), code(required.name)), "")
				}
			}
		}
		all = append(all, one)
	}
	return all
}

// Known are the findings that settings say are known. Those of the owner stand in no file of
// the repository.
func (s *Settings) Known() []checks.Ignore {
	var known []checks.Ignore
	for _, i := range s.Ignores {
		one := checks.Ignore{Rule: i.Rule, Reason: i.Reason}
		if i.Path != "" {
			one.In = func(name string) bool { return matches([]string{i.Path}, name) }
		}
		if i.Until != "" {
			one.Until, _ = time.Parse(time.DateOnly, i.Until) // it was checked
		}
		if i.file != nil && i.file.Path() != OwnersPath {
			one.By = checks.Related{File: i.file, Span: i.span}
		}
		known = append(known, one)
	}
	return known
}

func has(n *yaml.Node, name string) bool {
	for pair := range slices.Chunk(n.Content, 2) {
		if pair[0].Value == name {
			return true
		}
	}
	return false
}

func checkReason(reason string) (string, string) {
	switch {
	case strings.TrimSpace(reason) == "":
		return "The reason is empty.", "Somebody will want to know it."
	case len(reason) > maxReason:
		return fmt.Sprintf("The reason is longer than %d bytes.", maxReason), ""
	case strings.ContainsAny(reason, "\n\r\u2028\u2029"):
		return "The reason has more than one line.", ""
	}
	return "", ""
}

// labels on GitHub have at most 50 characters.
func checkLabel(label string) (string, string) {
	if strings.TrimSpace(label) == "" || len([]rune(label)) > 50 || strings.ContainsAny(label, "\n\r,") {
		return fmt.Sprintf("%s is not a label.", code(label)), "A label has one line of at most 50 characters without a comma."
	}
	return "", ""
}

var login = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})$`)

func checkLogin(name string) (string, string) {
	if !login.MatchString(name) {
		return fmt.Sprintf("%s is not a name on GitHub.", code(name)), "Write it without `@`."
	}
	return "", ""
}

// few is texts with another limit to their number.
func (p *reading) few(n *yaml.Node, path, kind string, most int, check func(string) (message, help string)) []string {
	list := p.texts(n, path, kind, check)
	if len(list) > most {
		p.problem(p.span(n), path, fmt.Sprintf("%s has more than %d %ss.", code(path), most, kind), "")
	}
	return list
}

// cron reads a cron expression. Whether the time zone is right is another key's matter.
func (p *reading) cron(n *yaml.Node, path string) string {
	text, _ := p.text(n, path, func(expression string) (string, string) {
		if _, err := schedule.Parse(expression, ""); err != nil {
			return fmt.Sprintf("%s cannot be used: %v.", code(expression), err),
				"Write minute, hour, day of the month, month and day of the week: `0 6 * * 1` is every Monday at six."
		}
		return "", ""
	})
	return text
}

// number reads a whole number up to another.
func (p *reading) number(n *yaml.Node, path string, most int) int {
	value, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || value < 0 || value > most {
		if n.Style&yaml.TaggedStyle == 0 && n.Kind != yaml.AliasNode { // refuse has told it
			p.problem(p.span(n), path, fmt.Sprintf("%s must be a number from 0 to %d.", code(path), most), "")
		}
		return 0
	}
	return value
}

// truth reads true or false.
func (p *reading) truth(n *yaml.Node, path string) bool {
	value, err := strconv.ParseBool(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || err != nil {
		if n.Style&yaml.TaggedStyle == 0 && n.Kind != yaml.AliasNode { // refuse has told it
			p.problem(p.span(n), path, fmt.Sprintf("%s must be true or false.", code(path)), "")
		}
		return false
	}
	return value
}

// day reads a date, which YAML takes for a timestamp when it is not quoted.
func (p *reading) day(n *yaml.Node, path string) string {
	if _, err := time.Parse(time.DateOnly, n.Value); n.Kind != yaml.ScalarNode || err != nil {
		if n.Style&yaml.TaggedStyle == 0 && n.Kind != yaml.AliasNode {
			p.problem(p.span(n), path, fmt.Sprintf("%s must be a date.", code(path)), "Write it as `2027-01-31`.")
		}
		return ""
	}
	return n.Value
}
