package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	// buildsOfOne is how many builds of the longest a proposal has time for: two images,
	// before and after.
	buildsOfOne = 4
	// maxBuildTimeout is the longest build that makes sense to wait for.
	maxBuildTimeout = time.Hour
)

// buildSettings are those of builds.
func buildSettings() []setting {
	return []setting{
		{flag: "buildkit-addr", env: "CHISELBOT_BUILDKIT_ADDR", placeholder: "ADDR", help: "a BuildKit with which the images of proposals are built before and after, unix://PATH or tcp://HOST:PORT; without it nothing is built. It runs what strangers' Dockerfiles say: give it a machine of its own",
			parse: text(func(s *serveSettings) *string { return &s.build.address })},
		{flag: "buildkit-tls-ca", env: "CHISELBOT_BUILDKIT_TLS_CA", placeholder: "FILE", help: "the CA that signed BuildKit's certificate, in PEM; without it, those that the system trusts. This file and the next two are read for each build",
			parse: text(func(s *serveSettings) *string { return &s.build.tls.CA })},
		{flag: "buildkit-tls-cert", env: "CHISELBOT_BUILDKIT_TLS_CERT", placeholder: "FILE", help: "the certificate that BuildKit wants to see",
			parse: text(func(s *serveSettings) *string { return &s.build.tls.Certificate })},
		{flag: "buildkit-tls-key", env: "CHISELBOT_BUILDKIT_TLS_KEY", placeholder: "FILE", help: "its key",
			parse: text(func(s *serveSettings) *string { return &s.build.tls.Key })},
		{flag: "buildkit-tls-name", env: "CHISELBOT_BUILDKIT_TLS_NAME", placeholder: "NAME", help: "the name in BuildKit's certificate; without it, that of its address",
			parse: text(func(s *serveSettings) *string { return &s.build.tls.Name })},
		{flag: "buildkit-plain", env: "CHISELBOT_BUILDKIT_PLAIN", byDefault: "false", placeholder: "BOOL", help: "true to speak without TLS to a BuildKit on another machine, where something else keeps what is sent from others",
			parse: func(s *serveSettings, v string) (err error) { s.build.plain, err = strconv.ParseBool(v); return err }},
		{flag: "build-timeout", env: "CHISELBOT_BUILD_TIMEOUT", byDefault: "10m", placeholder: "TIME", help: "how long one build may take; those of one pull request may take four times as long together",
			parse: func(s *serveSettings, v string) (err error) {
				s.build.timeout, err = time.ParseDuration(v)
				if err == nil && s.build.timeout > maxBuildTimeout {
					err = fmt.Errorf("%s is longer than %s", s.build.timeout, maxBuildTimeout)
				}
				return err
			}},
		{flag: "build-platform", env: "CHISELBOT_BUILD_PLATFORM", placeholder: "PLATFORM", help: "what to build for, as linux/arm64; without it, what the daemon's machine is",
			parse: text(func(s *serveSettings) *string { return &s.build.platform })},
		{flag: "build-network", env: "CHISELBOT_BUILD_NETWORK", byDefault: "none", placeholder: "NAME", help: "network of RUN instructions: none, proxy (what --build-allow says, through a proxy of BuildKit's) or daemon (what the daemon gives them, which is its host's own unless it is set up otherwise)",
			parse: text(func(s *serveSettings) *string { return &s.build.network })},
		{flag: "build-allow", env: "CHISELBOT_BUILD_ALLOW", placeholder: "URLS", help: "what ADD and, through the proxy, RUN may fetch: URLs separated by spaces, with * for any text, as https://api.nuget.org/*",
			parse: func(s *serveSettings, v string) error { s.build.allow = strings.Fields(v); return nil }},
		{flag: "build-memory", env: "CHISELBOT_BUILD_MEMORY", byDefault: "4096", placeholder: "MIB", help: "memory that one RUN instruction may use, in mebibytes, where BuildKit is v0.34 or later",
			parse: func(s *serveSettings, v string) error {
				n, err := whole(v, 0, 1<<30)
				s.build.memory = int64(n)
				return err
			}},
		{flag: "build-cpus", env: "CHISELBOT_BUILD_CPUS", byDefault: "2", placeholder: "N", help: "processors that one RUN instruction may use, likewise",
			parse: func(s *serveSettings, v string) error {
				n, err := whole(v, 0, 1000)
				s.build.cpus = float64(n)
				return err
			}},
	}
}

// buildTime is how long a proposal may have its images built.
func (s *server) buildTime() time.Duration {
	if s.builder == nil {
		return 0
	}
	return buildsOfOne * s.settings.build.timeout
}
