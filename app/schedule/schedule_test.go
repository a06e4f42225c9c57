package schedule_test

import (
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/app/schedule"
)

func parse(t *testing.T, expression, zone string) schedule.Schedule {
	t.Helper()
	s, err := schedule.Parse(expression, zone)
	if err != nil {
		t.Fatalf("%q in %q: %v", expression, zone, err)
	}
	return s
}

func TestNext(t *testing.T) {
	t.Parallel()
	const form = "2006-01-02 15:04:05 MST"
	for _, tt := range []struct{ expression, zone, from, want string }{
		{"* 6-20 * * 1-5", "UTC", "2026-12-05 12:00:00 UTC", "2026-12-07 06:00:00 UTC"}, // a Saturday
		{"* 6-20 * * 1-5", "UTC", "2026-12-04 20:59:30 UTC", "2026-12-07 06:00:00 UTC"},
		{"* 6-20 * * 1-5", "UTC", "2026-12-04 20:59:00 UTC", "2026-12-04 20:59:00 UTC"},
		{"* 6-20 * * 1-5", "UTC", "2026-12-04 20:58:30 UTC", "2026-12-04 20:59:00 UTC"},
		{"* * * * 0,6", "Europe/Berlin", "2026-12-04 22:30:00 UTC", "2026-12-05 00:00:00 CET"},
		{"0 9 * * mon", "Europe/Berlin", "2026-03-28 12:00:00 UTC", "2026-03-30 09:00:00 CEST"}, // the clock goes forward between
		{"0 9 * * mon", "Europe/Berlin", "2026-10-24 12:00:00 UTC", "2026-10-26 09:00:00 CET"},  // and back
		{"0 0 29 2 *", "", "2026-01-01 00:00:00 UTC", "2028-02-29 00:00:00 UTC"},
		{"*/15 * * * *", "Asia/Kolkata", "2026-01-01 00:01:00 UTC", "2026-01-01 05:45:00 IST"},
		{"* * * * *", "Asia/Tokyo", "2026-01-01 00:00:01 UTC", "2026-01-01 09:01:00 JST"},
	} {
		from, err := time.Parse(form, tt.from)
		if err != nil {
			t.Fatal(err)
		}
		if got := parse(t, tt.expression, tt.zone).Next(from).Format(form); got != tt.want {
			t.Errorf("%q in %q after %s: %s, want %s", tt.expression, tt.zone, tt.from, got, tt.want)
		}
	}
}

// TestAgrees walks through the minutes of days on which clocks are changed: the next minute
// is the first one that the schedule has. Of an hour that comes twice it is the second.
func TestAgrees(t *testing.T) {
	t.Parallel()
	twice := time.Date(2026, time.October, 25, 0, 0, 0, 0, time.UTC)
	for _, expression := range []string{"* 6-20 * * 1-5", "30 2 * * *", "0 3 * * 0", "*/7 1-4 * * *", "15 10 1,15 * *"} {
		for _, day := range []time.Time{
			time.Date(2026, time.March, 28, 20, 0, 0, 0, time.UTC), time.Date(2026, time.October, 24, 20, 0, 0, 0, time.UTC),
		} {
			s := parse(t, expression, "Europe/Berlin")
			next := s.Next(day)
			for at := day; at.Before(day.Add(20 * time.Hour)); at = at.Add(time.Minute) {
				if at.Equal(twice) {
					at = at.Add(time.Hour)
				}
				if at.After(next) {
					next = s.Next(at)
				}
				if has := s.Has(at); has != at.Equal(next) {
					t.Errorf("%q: %s is in it: %t, but the next is %s", expression, at, has, next)
					break
				}
			}
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ expression, zone, want string }{
		{"", "", "it has 0 fields instead of five"},
		{"* * * *", "", "it has 4 fields instead of five"},
		{"@daily", "", "it has 1 fields instead of five"},
		{"61 * * * *", "", "it is no cron expression"},
		{"TZ=UTC * * * *", "", "it is no cron expression"},
		{"0 0 30 2 *", "", "it never comes"},
		{"* * * * *", "Mars/Olympus", "there is no such time zone"},
		{"* * * * *", "Local", "there is no such time zone"},
		{"* * * * *", "../etc/passwd", "there is no such time zone"},
	} {
		if _, err := schedule.Parse(tt.expression, tt.zone); err == nil || err.Error() != tt.want {
			t.Errorf("%q in %q: %v, want %s", tt.expression, tt.zone, err, tt.want)
		}
	}
	if !(schedule.Schedule{}).Has(time.Unix(0, 0)) {
		t.Error("the zero schedule has a gap")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"* 6-20 * * 1-5", "*/5 0 1,2 jan-mar sun", "0 0 L * *", "1-1/0 * * * *", "5/0 * * * *", "* * * * 5L", "9-1 * * * *"} {
		f.Add(s)
	}
	from := time.Date(2026, time.December, 1, 12, 0, 30, 0, time.UTC)
	f.Fuzz(func(t *testing.T, expression string) {
		s, err := schedule.Parse(expression, "Europe/Berlin")
		if err != nil {
			return
		}
		next := s.Next(from)
		if next.IsZero() {
			return
		}
		if next.Before(from) || !s.Has(next) {
			t.Errorf("%q: the next after %s is %s", expression, from, next)
		}
	})
}
