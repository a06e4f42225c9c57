package render

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
)

// fnSkip announces that a condition kept a part of a template from being run.
const fnSkip = "__skip"

// A body is how a part under a condition begins.
type body struct {
	field  string // the field that it sets first, "" when an action prints fields
	column int
}

var (
	fieldLine = regexp.MustCompile(`^(?:- )?["']?([A-Za-z0-9_./-]+)["']?:(?:\s|$)`)
	indented  = regexp.MustCompile(`\bn?indent\s+(\d+)`)
)

// skip has the alternative of a condition announce what the condition kept away.
func (in *instrumenter) skip(n *parse.BranchNode, refs []ref, b body) {
	if len(refs) == 0 {
		return
	}
	at := site{place: in.place(n.Pipe.Pos), refs: refs, slot: noSlot, body: b}
	pos := n.Pipe.Pos
	announce := in.call(pos, "", 0)
	announce.Pipe.Cmds = []*parse.CommandNode{{NodeType: parse.NodeCommand, Pos: pos, Args: in.withSite([]parse.Node{identifier(fnSkip, pos)}, at)}}
	if n.ElseList == nil {
		n.ElseList = &parse.ListNode{NodeType: parse.NodeList, Pos: pos}
	}
	n.ElseList.Nodes = append([]parse.Node{announce}, n.ElseList.Nodes...)
}

// body is how a list of nodes that is not instrumented yet begins.
func (in *instrumenter) body(list *parse.ListNode) (body, bool) {
	for _, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.TextNode:
			text := strings.TrimLeft(string(n.Text), blanks)
			if text == "" {
				continue
			}
			at := int(n.Pos) + len(n.Text) - len(text)
			line := strings.LastIndexByte(in.text[:at], '\n') + 1
			m := fieldLine.FindStringSubmatch(text)
			if m == nil || strings.TrimLeft(in.text[line:at], blanks) != "" {
				return body{}, false
			}
			return body{field: m[1], column: at - line}, true
		case *parse.ActionNode:
			if len(n.Pipe.Decl) > 0 {
				continue
			}
			m := indented.FindStringSubmatch(n.String())
			if m == nil {
				return body{}, false
			}
			column, _ := strconv.Atoi(m[1])
			return body{column: column}, true
		case *parse.IfNode:
			return in.body(n.List)
		case *parse.WithNode:
			return in.body(n.List)
		default:
			return body{}, false
		}
	}
	return body{}, false
}

// A skipped part is one that a condition kept away while a document was made.
type skipped struct {
	site  int
	after mark // the last one that was printed before
	frame int
	key   key
}

// skip notes a part that a condition keeps away.
func (t *tracer) skip(id int, args ...any) (string, error) {
	site := &t.program.sites[id]
	if t.last == boundary || site.place.File == relative {
		return "", nil
	}
	s := skipped{site: id, after: t.last, frame: t.now.frame, key: noKey}
	if keys := t.taken(site.refs, args, nil); len(keys) > 0 {
		s.key = keys[0]
	}
	t.skips = append(t.skips, s)
	return "", t.spend(0)
}

// branches finds where in a document the parts would stand that conditions kept away.
func (t *tracer) branches(text string, segments []Segment, skips []skipped) []Branch {
	at := map[mark][]int{} // segments
	for i, s := range segments {
		at[mark(s.Origin+1)] = append(at[mark(s.Origin+1)], i)
	}
	type group struct {
		site  int
		after mark
	}
	groups := map[group][]skipped{}
	var order []group
	for _, s := range skips {
		g := group{s.site, s.after}
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], s)
	}
	var all []Branch
	for _, g := range order {
		parts, places := groups[g], at[g.after]
		for i, place := range places {
			part := parts[0]
			if len(parts) == len(places) {
				part = parts[i] // a round of a loop each
			} else if slices.ContainsFunc(parts, func(s skipped) bool { return s.key != part.key }) {
				break
			}
			site := &t.program.sites[part.site]
			all = append(all, Branch{
				After: segments[place].End, Place: site.place, Frame: part.frame, Field: site.body.field,
				Column: site.body.column + t.shift(text, segments[:place+1], part.frame), Key: int(part.key),
			})
		}
	}
	return all
}

// shift is by how much the text of a frame stands further to the right than in its
// template: as much as the last line that begins with text of the frame's own. What it
// included stands where it stands in another template, and what an action printed, or
// follows one, where that has put it.
func (t *tracer) shift(text string, segments []Segment, frame int) int {
	for _, s := range slices.Backward(segments) {
		origin := t.origins[s.Origin]
		if origin.Frame != frame || origin.Place.File < 0 || t.program.slice(origin.Place) != text[s.Start:s.End] {
			continue
		}
		line := strings.LastIndexByte(text[:s.Start], '\n') + 1
		column := s.Start - line
		if strings.TrimLeft(text[line:s.Start], blanks) != "" {
			continue
		}
		return column - t.program.column(origin.Place)
	}
	return 0
}
