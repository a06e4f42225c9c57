package render

import (
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
)

// An instrumenter rewrites the templates of one file.
type instrumenter struct {
	*program
	file    int
	base    int // where the text starts in the file
	text    string
	actions []Place
}

// list instruments the nodes of a list. What they declare is known until its end.
func (in *instrumenter) list(list *parse.ListNode, s scope) {
	if list == nil {
		return
	}
	for i, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.TextNode:
			if action := in.textNode(n); action != nil {
				list.Nodes[i] = action
			}
		case *parse.ActionNode:
			s = in.action(n, s)
		case *parse.IfNode:
			in.branch(&n.BranchNode, s, false)
		case *parse.WithNode:
			in.branch(&n.BranchNode, s, true)
		case *parse.RangeNode:
			in.rangeNode(n, s)
		case *parse.TemplateNode:
			list.Nodes[i] = in.templateNode(n, s)
		}
	}
}

// longBlank is how long a blank text must be to be worth counting as output.
const longBlank = 64

// textNode gives the action that writes a text with its marks, nil for a blank text.
func (in *instrumenter) textNode(n *parse.TextNode) parse.Node {
	t := textSite{text: string(n.Text), file: in.file, base: in.base + int(n.Pos)}
	if !strings.HasPrefix(in.text[min(int(n.Pos), len(in.text)):], t.text) {
		return nil
	}
	offset := 0
	for line := range strings.Lines(t.text) {
		if start, end := content(line); start < end {
			t.lines = append(t.lines, Place{File: in.file, Start: offset + start, End: offset + end})
		}
		offset += len(line)
	}
	if len(t.lines) == 0 && len(t.text) < longBlank {
		return nil
	}
	in.texts = append(in.texts, t)
	return in.call(n.Pos, fnText, len(in.texts)-1)
}

// action instruments an action that prints or that sets a variable, and gives the scope
// of what follows.
func (in *instrumenter) action(n *parse.ActionNode, s scope) scope {
	refs := in.refs(n.Pipe, s)
	in.pipe(n.Pipe, s)
	at := site{place: in.place(n.Pos), refs: refs, slot: noSlot}
	if len(n.Pipe.Decl) == 0 {
		in.appendCall(n.Pipe, fnOut, at)
		return s
	}
	for _, v := range n.Pipe.Decl {
		if n.Pipe.IsAssign {
			at.slot = s.variable(v.Ident[0])
		} else {
			at.slot = in.newSlot()
			s = s.declare(v.Ident[0], at.slot)
		}
	}
	in.appendCall(n.Pipe, fnKeep, at)
	return s
}

// branch instruments an `if` or a `with`.
func (in *instrumenter) branch(n *parse.BranchNode, s scope, with bool) {
	refs := in.refs(n.Pipe, s)
	b, ok := in.body(n.List)
	inner := in.condition(n.Pipe, s, with)
	in.list(n.List, inner)
	inner.dot = s.dot
	in.list(n.ElseList, inner)
	if ok {
		in.skip(n, refs, b)
	}
}

// condition instruments the pipeline of an `if` or a `with` and gives the scope of the
// parts under it.
func (in *instrumenter) condition(p *parse.PipeNode, s scope, with bool) scope {
	refs := in.refs(p, s)
	in.pipe(p, s)
	if !with && len(p.Decl) == 0 {
		return s
	}
	slot := in.newSlot()
	inner := s
	if with {
		inner.dot = slot
	}
	for _, v := range p.Decl {
		inner = inner.declare(v.Ident[0], slot)
	}
	in.appendCall(p, fnKeep, site{place: in.place(p.Pos), refs: refs, slot: slot})
	return inner
}

// rangeNode instruments a loop: the collection is noted before the first round, and each
// round announces itself.
func (in *instrumenter) rangeNode(n *parse.RangeNode, s scope) {
	refs := in.refs(n.Pipe, s)
	in.pipe(n.Pipe, s)
	slot := in.newSlot()
	inner := s
	inner.dot = slot
	for _, v := range n.Pipe.Decl {
		inner = inner.declare(v.Ident[0], slot)
	}
	// The collection may be made of several references; only what it is itself counts.
	id := in.appendCall(n.Pipe, fnRange, site{place: in.place(n.Pipe.Pos), refs: refs, slot: slot})
	in.list(n.List, inner)
	n.List.Nodes = append([]parse.Node{in.call(n.Pipe.Pos, fnRound, id)}, n.List.Nodes...)
	inner.dot = s.dot
	in.list(n.ElseList, inner)
}

// templateNode makes an inclusion of a `template` action, which it is but for its printing
// right away.
func (in *instrumenter) templateNode(n *parse.TemplateNode, s scope) parse.Node {
	args := []parse.Node{
		identifier(fnInclude, n.Pos), &parse.StringNode{NodeType: parse.NodeString, Pos: n.Pos, Quoted: strconv.Quote(n.Name), Text: n.Name},
	}
	if n.Pipe != nil {
		refs := in.refs(n.Pipe, s)
		in.pipe(n.Pipe, s)
		args = in.withSite(args, site{place: in.place(n.Pos), refs: refs, slot: noSlot})
		args = append(args, n.Pipe)
	} else {
		args = in.withSite(args, site{place: in.place(n.Pos), slot: noSlot})
		args = append(args, &parse.NilNode{NodeType: parse.NodeNil, Pos: n.Pos})
	}
	action := in.call(n.Pos, "", 0)
	action.Pipe.Cmds = []*parse.CommandNode{{NodeType: parse.NodeCommand, Pos: n.Pos, Args: args}}
	in.appendCall(action.Pipe, fnOut, site{place: in.place(n.Pos), slot: noSlot})
	return action
}

// sited are the functions whose calls need to know where they stand or what they are
// given, with those that stand in for them.
var sited = map[string]string{
	"include": fnInclude, "tpl": fnTpl, "dict": fnDict, "list": fnList, "tuple": fnList, "set": fnSet,
	"ternary": fnTernary,
}

// looking are the functions of the template package that look at texts.
var looking = []string{"eq", "ne", "lt", "le", "gt", "ge", "len", "html", "js", "urlquery"}

// pipe instruments the calls within a pipeline that need to know where they stand.
func (in *instrumenter) pipe(p *parse.PipeNode, s scope) {
	if p == nil {
		return
	}
	var cmds []*parse.CommandNode
	for i, cmd := range p.Cmds {
		fn, _ := cmd.Args[0].(*parse.IdentifierNode)
		at := site{place: in.place(cmd.Pos), slot: noSlot}
		if fn != nil && sited[fn.Ident] != "" {
			at.refs = in.callRefs(cmd, s) // before the calls in its arguments are rewritten
		}
		if fn != nil && slices.Contains(joining, fn.Ident) {
			for j, arg := range cmd.Args[1:] {
				cmd.Args[1+j] = in.part(arg, s)
			}
		} else {
			for _, arg := range cmd.Args {
				in.argument(arg, s)
			}
		}
		switch {
		case fn == nil:
		case sited[fn.Ident] != "":
			cmd.Args = append(in.withSite([]parse.Node{identifier(sited[fn.Ident], fn.Pos)}, at), cmd.Args[1:]...)
		case slices.Contains(looking, fn.Ident):
			for j, arg := range cmd.Args[1:] {
				cmd.Args[1+j] = look(arg)
			}
			if i > 0 { // the last argument comes from the command before
				cmds = append(cmds, &parse.CommandNode{NodeType: parse.NodeCommand, Pos: cmd.Pos, Args: []parse.Node{identifier(fnLook, cmd.Pos)}})
			}
		}
		cmds = append(cmds, cmd)
	}
	p.Cmds = cmds
}

func (in *instrumenter) argument(arg parse.Node, s scope) {
	switch n := arg.(type) {
	case *parse.PipeNode:
		in.pipe(n, s)
	case *parse.ChainNode:
		in.argument(n.Node, s)
	}
}

// joining are the functions that put texts together and leave them as they are.
var joining = []string{"printf", "print", "println", "cat"}

// part gives an argument that becomes a part of a text the mark of its key.
func (in *instrumenter) part(arg parse.Node, s scope) parse.Node {
	c := &refCollector{scope: s}
	c.node(arg, false)
	in.argument(arg, s)
	if len(c.refs) == 0 {
		return arg
	}
	pos := arg.Position()
	args := in.withSite([]parse.Node{identifier(fnPart, pos)}, site{place: in.place(pos), refs: c.refs, slot: noSlot})
	return &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos, Cmds: []*parse.CommandNode{
		{NodeType: parse.NodeCommand, Pos: pos, Args: append(args, arg)},
	}}
}

// look has an argument's marks taken out before a function of the template package, which
// cannot be replaced, looks at it.
func look(arg parse.Node) parse.Node {
	switch arg.(type) {
	case *parse.PipeNode, *parse.VariableNode, *parse.FieldNode, *parse.ChainNode, *parse.DotNode:
	default:
		return arg
	}
	pos := arg.Position()
	return &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos, Cmds: []*parse.CommandNode{
		{NodeType: parse.NodeCommand, Pos: pos, Args: []parse.Node{identifier(fnLook, pos), arg}},
	}}
}

// place is that of the action around a position.
func (in *instrumenter) place(pos parse.Pos) Place {
	p := around(in.actions, int(pos))
	return Place{File: in.file, Start: in.base + p.Start, End: in.base + p.End}
}

// call makes an action that calls a function with a number.
func (in *instrumenter) call(pos parse.Pos, name string, id int) *parse.ActionNode {
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: pos, Pipe: &parse.PipeNode{
		NodeType: parse.NodePipe, Pos: pos,
		Cmds: []*parse.CommandNode{{NodeType: parse.NodeCommand, Pos: pos, Args: []parse.Node{identifier(name, pos), number(id, pos)}}},
	}}
}

// appendCall sends the value of a pipeline through a function, and gives the site's number.
func (in *instrumenter) appendCall(p *parse.PipeNode, name string, at site) int {
	args := in.withSite([]parse.Node{identifier(name, p.Pos)}, at)
	p.Cmds = append(p.Cmds, &parse.CommandNode{NodeType: parse.NodeCommand, Pos: p.Pos, Args: args})
	return len(in.sites) - 1
}

// withSite inserts the number of a new site behind a function's name, and behind it what
// the site's references start from.
func (in *instrumenter) withSite(args []parse.Node, at site) []parse.Node {
	pos := args[0].Position()
	in.sites = append(in.sites, at)
	all := []parse.Node{args[0], number(len(in.sites)-1, pos)}
	for _, r := range at.refs {
		all = append(all, r.from)
	}
	return append(all, args[1:]...)
}

func (in *instrumenter) newSlot() int {
	in.slots++
	return in.slots - 1
}

func identifier(name string, pos parse.Pos) *parse.IdentifierNode {
	return parse.NewIdentifier(name).SetPos(pos)
}

func number(i int, pos parse.Pos) *parse.NumberNode {
	return &parse.NumberNode{NodeType: parse.NodeNumber, Pos: pos, IsInt: true, Int64: int64(i), Text: strconv.Itoa(i)}
}
