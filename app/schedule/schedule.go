// Package schedule reads when something may happen: a cron expression in a time zone, as
// Kubernetes' CronJobs have them.
//
// It knows nothing of what happens then, and does not read the clock.
package schedule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // an image without files has no time zones either

	"github.com/adhocore/gronx"
)

// maxRunes is how long an expression may be.
const maxRunes = 100

// A Schedule is a set of minutes. The zero value has all of them.
type Schedule struct {
	expression string
	zone       *time.Location
}

// Parse reads an expression of five fields: minute, hour, day of the month, month, day of
// the week. zone is a name of the IANA time zone database, by default UTC.
func Parse(expression, zone string) (Schedule, error) {
	place, err := Zone(zone)
	if err != nil {
		return Schedule{}, err
	}
	fields := strings.Fields(expression)
	switch {
	case len(expression) > maxRunes:
		return Schedule{}, fmt.Errorf("it is longer than %d characters", maxRunes)
	case len(fields) != 5:
		return Schedule{}, fmt.Errorf("it has %d fields instead of five", len(fields))
	case !slices.ContainsFunc(fields, func(f string) bool { return f != "*" }):
		return Schedule{zone: place}, nil
	case strings.Trim(expression, "0123456789*/,- \tABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" || !gronx.IsValid(strings.Join(fields, " ")):
		return Schedule{}, errors.New("it is no cron expression")
	}
	s := Schedule{strings.Join(fields, " "), place}
	if s.Next(time.Date(2024, time.January, 1, 0, 0, 0, 0, place)).IsZero() {
		return Schedule{}, errors.New("it never comes")
	}
	return s, nil
}

// Zone is a time zone by its name in the IANA database; empty is UTC.
func Zone(name string) (*time.Location, error) {
	// The zone of this machine is nobody's wish.
	place, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, errors.New("there is no such time zone")
	}
	return place, nil
}

// Has reports whether the minute of an instant belongs to the schedule.
func (s Schedule) Has(t time.Time) bool {
	if s.expression == "" {
		return true
	}
	due, err := gronx.New().IsDue(s.expression, s.in(t))
	return due && err == nil
}

// Next is the first minute of the schedule that begins at an instant or after it; zero
// where none does.
func (s Schedule) Next(t time.Time) time.Time {
	minute := s.in(t).Truncate(time.Minute)
	if minute.Before(t) {
		minute = minute.Add(time.Minute)
	}
	if s.expression == "" {
		return minute
	}
	next, err := gronx.NextTickAfter(s.expression, minute, true)
	if err != nil {
		return time.Time{}
	}
	return next.Truncate(time.Minute)
}

// In is an instant as the schedule's time zone shows it.
func (s Schedule) in(t time.Time) time.Time {
	if s.zone == nil {
		return t.UTC()
	}
	return t.In(s.zone)
}

// Show is an instant in the schedule's time zone, for people.
func (s Schedule) Show(t time.Time) string { return s.in(t).Format("Monday, 2 January 15:04 MST") }
