package dockerfile

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
