package rules

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// textsOf are the words of a command in exec form; false where Kubernetes would put in
// variables.
func textsOf(command *kube.Node) ([]string, bool) {
	var words []string
	for _, n := range command.List() {
		words = append(words, n.Text())
		if n.Kind == kube.Mapping || n.Kind == kube.Sequence || strings.Contains(n.Text(), "$") {
			return nil, false
		}
	}
	return words, len(words) > 0
}

// How people have a probe fail with 1, the only failure that there is, and be silent.
var (
	orFails  = regexp.MustCompile(`\s*\|\|\s*(?:exit\s+[1-9]\d*|false)\s*;?\s*$`)
	silenced = regexp.MustCompile(`\s+(?:[12&]?>\s*/dev/null|2>&1)`)
)

// withoutShell is the one plain command that a shell is called for: sh -c "curl …" is
// curl …, and so is exec curl …
func withoutShell(words []string) ([]string, bool) {
	if len(words) == 3 && isSystemProgram(words[0], "sh", "bash", "dash", "ash") && (words[1] == "-c" || words[1] == "-ec") {
		var ok bool
		if words, ok = dockerfile.SimpleCommand(words[2]); !ok {
			return nil, false
		}
	}
	if len(words) > 1 && words[0] == "exec" && !strings.HasPrefix(words[1], "-") {
		words = words[1:]
	}
	return words, len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return strings.ContainsAny(w, "$\n") })
}

// handlerFix is what takes the place of a probe or a hook whose program the image lacks,
// where that is certain.
func handlerFix(p *checks.ObjectPass, c *kube.Container, image *checks.Image, h kube.Handler) *checks.Fix {
	words, ok := textsOf(h.Node.Get("exec", "command"))
	if !ok {
		return nil
	}
	var title, block string
	switch h.Name {
	case "preStop":
		words, ok = withoutShell(words)
		seconds := sleepSeconds(words)
		if !ok || seconds == 0 || seconds > gracePeriod(c.Pod) || !p.Release.Since(sleepSince) {
			return nil
		}
		title, block = fmt.Sprintf("Have the kubelet wait %d seconds", seconds), fmt.Sprintf("sleep:\n  seconds: %d", seconds)
	case "postStart":
		return nil
	default:
		if len(words) == 3 {
			words[2] = silenced.ReplaceAllString(orFails.ReplaceAllString(words[2], ""), "")
		}
		if words, ok = withoutShell(words); !ok || listensOnLoopback(c, image) {
			return nil
		}
		asked, ok := requestOf(words)
		if !ok {
			return nil
		}
		title, block = fmt.Sprintf("Have the kubelet ask %s on port %d", checks.Code(asked.path), asked.port), asked.block()
	}
	edits := p.Rewrite(h.Node.Get("exec"), block)
	if edits == nil {
		return nil
	}
	return &checks.Fix{Title: title, Safety: checks.Unsafe, Edits: edits}
}

// sleepSince is the minor version of Kubernetes from which on preStop.sleep needs no
// feature gate. A cluster that does not know it refuses the hook, for it says nothing else.
// https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/
const sleepSince = 30

// sleepSeconds is how long a command sleeps, 0 where it does something else.
func sleepSeconds(words []string) int64 {
	if len(words) != 2 || !isSystemProgram(words[0], "sleep") {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(words[1], "s"), 10, 32)
	if err != nil {
		return 0
	}
	return n
}

// gracePeriod is how many seconds a pod has to end. Kubernetes refuses a longer sleep.
// https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
func gracePeriod(p *kube.Pod) int64 {
	if n, ok := p.Spec.Int("terminationGracePeriodSeconds"); ok {
		return n
	}
	return 30
}

// listensOnLoopback reports whether an application may listen on an address that the
// kubelet, which calls the pod's, does not reach.
func listensOnLoopback(c *kube.Container, image *checks.Image) bool {
	loopback := func(s string) bool {
		return strings.Contains(s, "localhost") || strings.Contains(s, "127.0.0.1") || strings.Contains(s, "[::1]")
	}
	for _, name := range []string{"ASPNETCORE_URLS", "DOTNET_URLS", "URLS"} {
		if value, known := setting(c, image, name); !known || loopback(value) {
			return true
		}
	}
	return slices.ContainsFunc(slices.Concat(c.Node.List("command"), c.Node.List("args")), func(n *kube.Node) bool { return loopback(n.Text()) })
}

// A request is what curl or wget ask of the container itself.
type request struct {
	path    string
	port    int
	tls     bool
	headers [][2]string
}

// block is the request as a probe has it.
// https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/#http-probes
func (r request) block() string {
	var b strings.Builder
	fmt.Fprintf(&b, "httpGet:\n  path: %s\n  port: %d", yamlText(r.path), r.port)
	if r.tls {
		b.WriteString("\n  scheme: HTTPS")
	}
	if len(r.headers) > 0 {
		b.WriteString("\n  httpHeaders:")
	}
	for _, h := range r.headers {
		fmt.Fprintf(&b, "\n    - name: %s\n      value: %s", h[0], yamlText(h[1]))
	}
	return b.String()
}

// yamlText is a string in YAML, without quotes where it is a plain path.
func yamlText(s string) string {
	if strings.HasPrefix(s, "/") && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("/-_.?=+%~", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return s
	}
	return strconv.Quote(s)
}

// The flags of curl and wget that make no difference to whether a request succeeds, or
// none that a probe has not by itself: it follows redirects on its host and takes any
// certificate, and its own timeout counts. wget fails by itself where the answer is an
// error, curl only with --fail.
var (
	curlFlags = regexp.MustCompile(`^(?:-[fsSLkgq46]+|--fail|--silent|--show-error|--location|--insecure|--ipv[46]|--no-progress-meter)$`)
	curlTakes = regexp.MustCompile(`^(?:-o|--output|-m|--max-time|--connect-timeout)$`)
	wgetFlags = regexp.MustCompile(`^(?:-q|--quiet|-nv|--no-verbose|--spider|-q?O-|-q?O/dev/null|-S|--server-response|--no-check-certificate|--output-document=(?:-|/dev/null)|--t(?:imeout|ries)=\d+|-[tT]\d+)$`)
	wgetTakes = regexp.MustCompile(`^(?:-q?O|--output-document|-t|--tries|-T|--timeout)$`)
	headerOf  = regexp.MustCompile(`^([A-Za-z0-9-]+):\s*(\S(?:.*\S)?)\s*$`)
)

// requestOf is what a call of curl or wget asks of the container itself; false where it
// asks something else or a probe would not decide as it does.
func requestOf(words []string) (request, bool) {
	var r request
	if !isSystemProgram(words[0], "curl", "wget") {
		return r, false
	}
	flags, takes, fails := wgetFlags, wgetTakes, true
	if path.Base(words[0]) == "curl" {
		flags, takes, fails = curlFlags, curlTakes, false
	}
	address := ""
	for i := 1; i < len(words); i++ {
		word := words[i]
		if header, ok := strings.CutPrefix(word, "--header="); ok {
			word, words[i] = "--header", header
			i--
		}
		switch {
		case word == "--header" || word == "-H" && path.Base(words[0]) == "curl":
			if i++; i >= len(words) {
				return r, false
			}
			m := headerOf.FindStringSubmatch(words[i])
			if m == nil {
				return r, false
			}
			r.headers = append(r.headers, [2]string{m[1], m[2]})
		case takes.MatchString(word) && i+1 < len(words):
			i++
		case flags.MatchString(word):
			fails = fails || word == "--fail" || !strings.HasPrefix(word, "--") && strings.Contains(word, "f")
		case strings.HasPrefix(word, "-") || address != "":
			return r, false
		default:
			address = word
		}
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || !fails || u.User != nil || u.Fragment != "" || !slices.Contains([]string{"localhost", "127.0.0.1", "0.0.0.0", "::1"}, u.Hostname()) {
		return r, false
	}
	switch u.Scheme {
	case "http":
		r.port = 80
	case "https":
		r.port, r.tls = 443, true
	default:
		return r, false
	}
	if u.Port() != "" {
		if r.port, err = strconv.Atoi(u.Port()); err != nil || r.port < 1 || r.port > 65535 {
			return r, false
		}
	}
	if r.path = u.RequestURI(); r.path == "" {
		r.path = "/"
	}
	return r, true
}

// commandFix starts a container's program without the shell that the image lacks, where
// the shell only starts it.
func commandFix(p *checks.ObjectPass, c *kube.Container, image *checks.Image) *checks.Fix {
	command, args := c.Node.Get("command"), c.Node.Get("args")
	words, ok := textsOf(command)
	more, fine := textsOf(args)
	inArgs := len(words) == 2 && len(more) == 1
	if !ok || args != nil && !(inArgs && fine) {
		return nil
	}
	words, ok = withoutShell(append(words, more...))
	if !ok || needsSystem(words[0]) || isSystemProgram(words[0], withShell...) && (image.Stage == nil || !mayBring(image.Stage, path.Base(words[0]))) {
		return nil
	}
	edits := p.RewriteList(command, words)
	if edits != nil && inArgs {
		removed := p.Remove(args)
		if removed == nil {
			removed = p.RewriteList(args, nil)
		}
		if removed == nil {
			return nil
		}
		edits = append(edits, removed...)
	}
	if edits == nil {
		return nil
	}
	return &checks.Fix{Title: fmt.Sprintf("Start %s without a shell", checks.Code(words[0])), Safety: checks.Unsafe, Edits: edits}
}
