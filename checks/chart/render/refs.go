package render

import (
	"slices"
	"text/template/parse"
)

// Slots are where a template keeps from which keys the values of its variables, and the
// dots of its loops, were taken.
const (
	noSlot = None
	// dotOfTemplate is the slot of what the template was given.
	dotOfTemplate = -2
)

// A scope says which slots the names at a place of a template stand for.
type scope struct {
	dot       int
	variables []variable
}

type variable struct {
	name string
	slot int
}

func (s scope) declare(name string, slot int) scope {
	s.variables = append(slices.Clip(s.variables), variable{name, slot})
	return s
}

// variable is the slot of a variable.
func (s scope) variable(name string) int {
	for _, v := range slices.Backward(s.variables) {
		if v.name == name {
			return v.slot
		}
	}
	return dotOfTemplate // $
}

// A ref is a value that a pipeline reads: fields below the dot or a variable.
type ref struct {
	// from is the node of the dot or the variable.
	from parse.Node
	slot int
	path []step
	// weak says that the value only decides and does not become a part of the result.
	weak bool
	// argument is the argument of a call that it belongs to.
	argument int
}

// A step is a field's name, or the index of an item when it has none.
type step struct {
	name string
	item int
}

// deciding are the functions whose results do not hold their arguments.
var deciding = map[string]bool{
	"eq": true, "ne": true, "lt": true, "le": true, "gt": true, "ge": true, "not": true, "empty": true, "len": true,
	"hasKey": true, "has": true, "contains": true, "hasPrefix": true, "hasSuffix": true, "kindIs": true, "typeIs": true,
	"regexMatch": true, "semverCompare": true, "mustHas": true, "mustRegexMatch": true, "any": true, "all": true,
}

// refs are what a pipeline reads.
func (in *instrumenter) refs(p *parse.PipeNode, s scope) []ref {
	c := &refCollector{scope: s}
	c.pipe(p, false)
	return c.refs
}

// callRefs are what the arguments of a call are taken from that count: the argument of an
// include, the text of a tpl, what is put into a map or a list.
func (in *instrumenter) callRefs(cmd *parse.CommandNode, s scope) []ref {
	c := &refCollector{scope: s}
	for i, arg := range cmd.Args[1:] {
		switch cmd.Args[0].(*parse.IdentifierNode).Ident {
		case "include":
			if i == 0 {
				continue
			}
		case "tpl":
			if i > 0 {
				continue
			}
		case "dict":
			if i%2 == 0 {
				continue
			}
		case "set":
			if i < 2 {
				continue
			}
		}
		before := len(c.refs)
		c.node(arg, false)
		for j := range c.refs[before:] {
			c.refs[before+j].argument = i
		}
	}
	return c.refs
}

type refCollector struct {
	scope scope
	refs  []ref
}

func (c *refCollector) pipe(p *parse.PipeNode, weak bool) {
	if p == nil {
		return
	}
	for _, cmd := range p.Cmds {
		c.command(cmd, weak)
	}
}

func (c *refCollector) command(cmd *parse.CommandNode, weak bool) {
	args := cmd.Args
	if fn, ok := args[0].(*parse.IdentifierNode); ok {
		args = args[1:]
		switch {
		case fn.Ident == "include":
			return // what it reads is read at the places within
		case fn.Ident == "tpl":
			args = args[:min(1, len(args))]
		case fn.Ident == "index" && len(args) > 1, fn.Ident == "get" && len(args) == 2:
			if r, ok := c.indexed(args); ok {
				c.add(r, weak)
				return
			}
		case fn.Ident == "dig" && len(args) > 2:
			last := len(args) - 1
			if r, ok := c.indexed(append([]parse.Node{args[last]}, args[:last-1]...)); ok {
				c.add(r, weak)
				c.node(args[last-1], weak)
				return
			}
		case fn.Ident == "ternary" && len(args) == 3:
			c.node(args[0], weak)
			c.node(args[1], weak)
			c.node(args[2], true)
			return
		}
		weak = weak || deciding[fn.Ident]
	}
	for _, arg := range args {
		c.node(arg, weak)
	}
}

func (c *refCollector) node(n parse.Node, weak bool) {
	if r, ok := c.ref(n); ok {
		c.add(r, weak)
		return
	}
	switch n := n.(type) {
	case *parse.PipeNode:
		c.pipe(n, weak)
	case *parse.ChainNode:
		c.node(n.Node, weak)
	}
}

func (c *refCollector) add(r ref, weak bool) {
	const enough = 16
	if len(c.refs) < enough {
		r.weak = weak
		c.refs = append(c.refs, r)
	}
}

// ref is what a node stands for if it is a place in a value.
func (c *refCollector) ref(n parse.Node) (ref, bool) {
	switch n := n.(type) {
	case *parse.DotNode:
		return ref{from: n, slot: c.scope.dot}, true
	case *parse.FieldNode:
		return ref{from: &parse.DotNode{NodeType: parse.NodeDot, Pos: n.Pos}, slot: c.scope.dot, path: names(n.Ident)}, true
	case *parse.VariableNode:
		from := &parse.VariableNode{NodeType: parse.NodeVariable, Pos: n.Pos, Ident: n.Ident[:1]}
		return ref{from: from, slot: c.scope.variable(n.Ident[0]), path: names(n.Ident[1:])}, true
	case *parse.ChainNode:
		r, ok := c.ref(n.Node)
		r.path = append(slices.Clip(r.path), names(n.Field)...)
		return r, ok
	case *parse.PipeNode:
		if len(n.Cmds) != 1 || len(n.Decl) > 0 {
			return ref{}, false
		}
		args := n.Cmds[0].Args
		if len(args) == 1 {
			return c.ref(args[0])
		}
		if fn, ok := args[0].(*parse.IdentifierNode); ok && (fn.Ident == "index" || fn.Ident == "get" && len(args) == 3) {
			return c.indexed(args[1:])
		}
	}
	return ref{}, false
}

// indexed is what `index` and `get` give when their keys are written out.
func (c *refCollector) indexed(args []parse.Node) (ref, bool) {
	r, ok := c.ref(args[0])
	if !ok {
		return ref{}, false
	}
	path := slices.Clip(r.path)
	for _, arg := range args[1:] {
		switch n := arg.(type) {
		case *parse.StringNode:
			path = append(path, step{n.Text, None})
		case *parse.NumberNode:
			if !n.IsInt || n.Int64 < 0 {
				return ref{}, false
			}
			path = append(path, step{item: int(n.Int64)})
		default:
			return ref{}, false
		}
	}
	r.path = path
	return r, true
}

func names(ident []string) []step {
	path := make([]step, len(ident))
	for i, name := range ident {
		path[i] = step{name, None}
	}
	return path
}
