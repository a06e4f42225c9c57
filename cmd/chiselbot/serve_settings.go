package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/app/charts"
)

// serveSettings are what the operator says.
type serveSettings struct {
	listen, url      string
	database, key    string
	cache            int64
	host             string
	appID            int64
	privateKey       string
	webhookSecrets   []string
	workers          int
	grace            time.Duration
	logFormat, level string
	pprof            string
	build            buildFlags
	chartsFrom       []charts.Place
}

// A setting is one that can be given by a flag, by an environment variable, or by the
// variable with _FILE behind its name, which names a file that holds it. The first of
// these that is given counts.
type setting struct {
	flag, env   string
	byDefault   string
	help        string
	secret      bool // has no flag: everybody on a machine can read those
	value       *string
	parse       func(*serveSettings, string) error
	placeholder string
}

func text(field func(*serveSettings) *string) func(*serveSettings, string) error {
	return func(s *serveSettings, v string) error { *field(s) = v; return nil }
}

// settings are all settings, in the order in which help explains them.
func settings() []setting {
	return append([]setting{
		{flag: "listen", env: "CHISELBOT_LISTEN", byDefault: "localhost:8080", placeholder: "ADDR", help: "where to listen: webhooks at /webhook, /healthz, /readyz, /metrics, and /setup until the App is registered",
			parse: text(func(s *serveSettings) *string { return &s.listen })},
		{flag: "url", env: "CHISELBOT_URL", placeholder: "URL", help: "where GitHub and browsers reach this server; without it, where the browser of the setup page found it",
			parse: func(s *serveSettings, v string) (err error) { s.url, err = baseURL(v); return err }},
		{flag: "database", env: "DATABASE_URL", byDefault: "chiselbot.db", placeholder: "DB", help: "a file for SQLite, which one process can use, or postgres://… for any number of them",
			parse: text(func(s *serveSettings) *string { return &s.database })},
		{env: "CHISELBOT_KEY", secret: true, help: "encrypts the App's credentials in the database; any text of at least 16 characters",
			parse: func(s *serveSettings, v string) error {
				if s.key = v; v != "" && len(v) < 16 {
					return fmt.Errorf("it has fewer than 16 characters")
				}
				return nil
			}},
		{flag: "cache", env: "CHISELBOT_CACHE", byDefault: "512", placeholder: "MIB", help: "how much of git's objects the database keeps, in mebibytes",
			parse: func(s *serveSettings, v string) error {
				n, err := whole(v, 16, 1<<20)
				s.cache = int64(n) << 20
				return err
			}},
		{flag: "github-host", env: "CHISELBOT_GITHUB_HOST", placeholder: "URL", help: "a GitHub Enterprise Server, https://github.example.com; without it, github.com",
			parse: func(s *serveSettings, v string) (err error) { s.host, err = baseURL(v); return err }},
		{flag: "app-id", env: "CHISELBOT_APP_ID", placeholder: "ID", help: "the App's id, where it was not registered by the setup page",
			parse: func(s *serveSettings, v string) (err error) {
				if v != "" {
					s.appID, err = strconv.ParseInt(v, 10, 64)
				}
				return err
			}},
		{env: "CHISELBOT_PRIVATE_KEY", secret: true, help: "the App's private key, in PEM",
			parse: text(func(s *serveSettings) *string { return &s.privateKey })},
		{env: "CHISELBOT_WEBHOOK_SECRET", secret: true, help: "the webhook's secret; several, separated by spaces, while one takes the place of another",
			parse: func(s *serveSettings, v string) error { s.webhookSecrets = strings.Fields(v); return nil }},
		{flag: "workers", env: "CHISELBOT_WORKERS", byDefault: "0", placeholder: "N", help: "how many pull requests are reviewed at once; 0 is two for each processor",
			parse: func(s *serveSettings, v string) (err error) { s.workers, err = whole(v, 0, 1000); return err }},
		{flag: "grace", env: "CHISELBOT_GRACE", byDefault: "20s", placeholder: "TIME", help: "how long jobs may go on when the server is stopped, before they are handed back",
			parse: func(s *serveSettings, v string) (err error) { s.grace, err = time.ParseDuration(v); return err }},
		{flag: "charts-from", env: "CHISELBOT_CHARTS_FROM", placeholder: "PLACES", help: "where charts that others depend on may be fetched from, HOST or HOST/PATH each, separated by spaces; without it, nothing is fetched",
			parse: func(s *serveSettings, v string) (err error) {
				for text := range strings.FieldsSeq(v) {
					place, bad := charts.ParsePlace(text)
					s.chartsFrom, err = append(s.chartsFrom, place), errors.Join(err, bad)
				}
				return err
			}},
		{flag: "log-format", env: "CHISELBOT_LOG_FORMAT", byDefault: "text", placeholder: "FORMAT", help: "text or json",
			parse: text(func(s *serveSettings) *string { return &s.logFormat })},
		{flag: "log-level", env: "CHISELBOT_LOG_LEVEL", byDefault: "info", placeholder: "LEVEL", help: "debug, info, warn or error",
			parse: text(func(s *serveSettings) *string { return &s.level })},
		{flag: "pprof", env: "CHISELBOT_PPROF", placeholder: "ADDR", help: "where to listen for Go's profiling tools; without it, nowhere. It shows the memory to whoever reaches it",
			parse: text(func(s *serveSettings) *string { return &s.pprof })},
	}, buildSettings()...)
}

func whole(v string, least, most int) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%q is not a number from %d to %d", v, least, most)
	}
	return n, nil
}

// baseURL is an address without a path, or empty.
func baseURL(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	u, err := url.Parse(strings.TrimRight(v, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" {
		return "", fmt.Errorf("%q is not an address like https://chiselbot.example.com", v)
	}
	return u.String(), nil
}

// explain lists settings for the help of the verb.
func explain(all []setting) string {
	var b strings.Builder
	for _, s := range all {
		name := s.env
		if s.flag != "" {
			name = "--" + s.flag + " " + s.placeholder + ", " + s.env
		}
		fmt.Fprintf(&b, "  %s\n", name)
		help := s.help
		if s.byDefault != "" {
			help += " (default " + s.byDefault + ")"
		}
		for _, line := range wrap(help, 84) {
			fmt.Fprintf(&b, "      %s\n", line)
		}
	}
	return b.String()
}

// wrap breaks text into lines of at most so many bytes.
func wrap(s string, width int) []string {
	var lines []string
	for word := range strings.FieldsSeq(s) {
		if last := len(lines) - 1; last >= 0 && len(lines[last])+1+len(word) <= width {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}

// bind gives the verb its flags.
func bind(cmd *cobra.Command, all []setting) {
	for i := range all {
		if s := &all[i]; s.flag != "" {
			s.value = cmd.Flags().String(s.flag, s.byDefault, s.help)
		}
	}
}

// read reads all settings. Errors name the setting and never a secret.
func (p program) readSettings(cmd *cobra.Command, all []setting) (serveSettings, error) {
	env := map[string]string{}
	for _, pair := range p.env {
		if name, value, ok := strings.Cut(pair, "="); ok {
			env[name] = value
		}
	}
	var out serveSettings
	for _, s := range all {
		value, from := s.byDefault, s.env
		direct, isDirect := env[s.env]
		file, isFile := env[s.env+"_FILE"]
		switch {
		case s.flag != "" && cmd.Flags().Changed(s.flag):
			value, from = *s.value, "--"+s.flag
		case isDirect && isFile:
			return out, fmt.Errorf("read settings: both %s and %s_FILE are set; unset one", s.env, s.env)
		case isDirect:
			value = direct
		case isFile:
			from += "_FILE"
			data, err := os.ReadFile(file)
			if err != nil {
				return out, fmt.Errorf("read %s: %w", from, err)
			}
			value = strings.TrimRight(string(data), "\r\n")
		}
		if err := s.parse(&out, value); err != nil {
			return out, fmt.Errorf("read %s: %w", from, err)
		}
	}
	given := out.appID != 0
	if given != (out.privateKey != "") || given != (len(out.webhookSecrets) > 0) {
		return out, fmt.Errorf("read settings: CHISELBOT_APP_ID, CHISELBOT_PRIVATE_KEY and CHISELBOT_WEBHOOK_SECRET belong together; give all or none")
	}
	return out, nil
}

// credentials are those that the settings give; without an id there are none.
func (s serveSettings) credentials() app.Credentials {
	return app.Credentials{AppID: s.appID, Host: s.host, PrivateKey: s.privateKey, WebhookSecrets: s.webhookSecrets}
}
