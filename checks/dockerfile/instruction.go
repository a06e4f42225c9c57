package dockerfile

import "github.com/chiselbot/chiselbot/checks/source"

// Flag is the first flag of that name, nil where there is none. Names are compared as
// BuildKit does, by case.
func (i *Instruction) Flag(name string) *Flag {
	for n := range i.Flags {
		if i.Flags[n].Name == name {
			return &i.Flags[n]
		}
	}
	return nil
}

// Before is what the instruction finds: the conditions after all that stands before it
// in its stage and those it inherits from. For FROM they are what the base gives; before
// the first FROM there are none.
func (i *Instruction) Before() Conditions {
	if i.at == nil {
		return Conditions{}
	}
	return *i.at
}

// wordsSpan covers the words from the first one on. Without any it is the empty span at
// the instruction's end; an exec form includes its brackets.
func (i *Instruction) wordsSpan(first int) source.Span {
	if len(i.Words) <= first {
		return source.Span{Start: i.Span.End, End: i.Span.End}
	}
	return source.Span{Start: i.Words[first].Span.Start, End: i.Words[len(i.Words)-1].Span.End}
}
