package render

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
	"time"
)

// steady are stand-ins for functions that give something else each time, that take long
// on purpose, or that ask the network. Both runs of a chart use them, so that the same
// chart renders to the same text.
func steady() template.FuncMap {
	now := time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)
	format := func(layout string, date any, zone string) string {
		at := now
		switch d := date.(type) {
		case time.Time:
			at = d
		case *time.Time:
			at = *d
		case int64:
			at = time.Unix(d, 0)
		case int:
			at = time.Unix(int64(d), 0)
		case int32:
			at = time.Unix(int64(d), 0)
		}
		location, err := time.LoadLocation(zone)
		if err != nil || zone == "Local" {
			location = time.UTC
		}
		return at.In(location).Format(layout)
	}
	const day = "2006-01-02"
	signed := func(string, []any, []any, int, any) certificate { return someCertificate }
	return template.FuncMap{
		"now":            func() time.Time { return now },
		"ago":            func(any) string { return "0s" },
		"date":           func(layout string, date any) string { return format(layout, date, "UTC") },
		"dateInZone":     format,
		"date_in_zone":   format,
		"htmlDate":       func(date any) string { return format(day, date, "UTC") },
		"htmlDateInZone": func(date any, zone string) string { return format(day, date, zone) },

		"randAlphaNum": func(n int) (string, error) { return letters("a1", n) },
		"randAlpha":    func(n int) (string, error) { return letters("a", n) },
		"randAscii":    func(n int) (string, error) { return letters("a", n) },
		"randNumeric":  func(n int) (string, error) { return letters("1", n) },
		"randBytes": func(n int) (string, error) {
			s, err := letters("a", n)
			return base64.StdEncoding.EncodeToString([]byte(s)), err
		},
		"randInt": func(low, _ int) int { return low },
		"shuffle": func(s string) string { return s },
		"uuidv4":  func() string { return "00000000-0000-4000-8000-000000000000" },

		"bcrypt":         func(string) string { return "$2a$10$chiselbot" },
		"htpasswd":       func(user, _ string) string { return user + ":$2a$10$chiselbot" },
		"derivePassword": func(uint32, string, string, string, string) string { return "chiselbot" },
		"encryptAES":     func(string, string) (string, error) { return "Y2hpc2VsYm90", nil },

		"genPrivateKey":            func(string) string { return someCertificate.Key },
		"buildCustomCert":          func(string, string) certificate { return someCertificate },
		"genCA":                    func(string, int) certificate { return someCertificate },
		"genCAWithKey":             func(string, int, string) certificate { return someCertificate },
		"genSelfSignedCert":        func(string, []any, []any, int) certificate { return someCertificate },
		"genSelfSignedCertWithKey": func(string, []any, []any, int, string) certificate { return someCertificate },
		"genSignedCert":            signed,
		"genSignedCertWithKey": func(name string, ips, names []any, days int, ca any, _ string) certificate {
			return signed(name, ips, names, days, ca)
		},

		"getHostByName": func(string) string { return "" },

		// Go goes through a map in another order each time.
		"keys": func(maps ...map[string]any) []string {
			names := []string{}
			for _, m := range maps {
				names = append(names, sortedNames(m)...)
			}
			return names
		},
		"values": func(m map[string]any) []any {
			all := []any{}
			for _, name := range slices.Sorted(maps.Keys(m)) {
				all = append(all, m[name])
			}
			return all
		},
	}
}

// letters stands in for a random string of some length.
func letters(alphabet string, n int) (string, error) {
	const most = 64 << 10
	if n > most {
		return "", limitError("a random text of %d bytes", n)
	}
	n = max(n, 0)
	return strings.Repeat(alphabet, n/len(alphabet)+1)[:n], nil
}

// A certificate is what the functions that make certificates give.
type certificate struct{ Cert, Key string }

var someCertificate = certificate{Cert: pem("CERTIFICATE"), Key: pem("RSA PRIVATE KEY")}

func pem(kind string) string {
	return fmt.Sprintf("-----BEGIN %s-----\nY2hpc2VsYm90\n-----END %s-----\n", kind, kind)
}

// durations are Helm's functions of durations.
func durations() template.FuncMap {
	unit := func(of time.Duration) func(any) float64 {
		return func(v any) float64 {
			d, err := asDuration(v)
			if err != nil {
				return 0
			}
			return d.Seconds() / of.Seconds()
		}
	}
	whole := func(of func(time.Duration) int64) func(any) int64 {
		return func(v any) int64 {
			d, err := asDuration(v)
			if err != nil {
				return 0
			}
			return of(d)
		}
	}
	to := func(of func(d, m time.Duration) time.Duration) func(v, m any) time.Duration {
		return func(v, m any) time.Duration {
			d, err := asDuration(v)
			if err != nil {
				return 0
			}
			by, err := asDuration(m)
			if err != nil {
				return d
			}
			return of(d, by)
		}
	}
	return template.FuncMap{
		"mustToDuration": func(v any) time.Duration {
			d, err := asDuration(v)
			if err != nil {
				panic(err)
			}
			return d
		},
		"durationSeconds":      func(v any) float64 { d, _ := asDuration(v); return d.Seconds() },
		"durationMinutes":      func(v any) float64 { d, _ := asDuration(v); return d.Minutes() },
		"durationHours":        func(v any) float64 { d, _ := asDuration(v); return d.Hours() },
		"durationDays":         unit(24 * time.Hour),
		"durationWeeks":        unit(7 * 24 * time.Hour),
		"durationMilliseconds": whole(time.Duration.Milliseconds),
		"durationMicroseconds": whole(time.Duration.Microseconds),
		"durationNanoseconds":  whole(time.Duration.Nanoseconds),
		"durationRoundTo":      to(time.Duration.Round),
		"durationTruncateTo":   to(time.Duration.Truncate),
	}
}

// asDuration reads a duration as Helm does: Go's notation, or a number of seconds.
func asDuration(v any) (time.Duration, error) {
	seconds := func(f float64) (time.Duration, error) {
		ns := f * float64(time.Second)
		if ns != ns || ns > 1<<62 || ns < -(1<<62) {
			return 0, fmt.Errorf("invalid duration seconds: %v", f)
		}
		return time.Duration(ns), nil
	}
	switch v := v.(type) {
	case time.Duration:
		return v, nil
	case string:
		s := strings.TrimSpace(v)
		if d, err := time.ParseDuration(s); err == nil {
			return d, nil
		}
		var f float64
		if _, err := fmt.Sscanf(s, "%g", &f); err != nil {
			return 0, fmt.Errorf("could not parse duration %q", v)
		}
		return seconds(f)
	case int:
		return seconds(float64(v))
	case int64:
		return seconds(float64(v))
	case float64:
		return seconds(v)
	}
	return 0, fmt.Errorf("unsupported duration type %T", v)
}
