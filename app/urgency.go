package app

import "context"

// Urgency says who goes first when GitHub lets only some through.
type Urgency int8

// From people who wait to what nobody waits for.
const (
	Waiting Urgency = iota // a pull request or a merge queue waits
	Asked                  // a person gave a command
	Idle                   // a sweep looks around
)

type urgencyKey struct{}

// WithUrgency marks all that is done for ctx.
func WithUrgency(ctx context.Context, u Urgency) context.Context {
	return context.WithValue(ctx, urgencyKey{}, u)
}

// UrgencyOf is the mark of ctx; unmarked is [Waiting].
func UrgencyOf(ctx context.Context) Urgency {
	u, _ := ctx.Value(urgencyKey{}).(Urgency)
	return u
}
