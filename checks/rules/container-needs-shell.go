package rules

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// containerNeedsShell knows which Dockerfile builds a container's image and what
// well-known images have: what was written for a full image fails silently in a chiseled
// one, mostly only when the pod is restarted or ended.
// https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
var containerNeedsShell = page(checks.Rule{
	ID: "container-needs-shell", Title: "Probe or command needs a shell that the image lacks", Since: "0.1.0", Severity: checks.Error,
	Object: checkContainerNeedsShell,
})

// withShell are programs that come with a shell and not with a runtime.
var withShell = []string{
	"ash", "awk", "base64", "basename", "bash", "cat", "chgrp", "chmod", "chown", "cp", "curl", "cut", "dash", "date", "df",
	"dirname", "du", "echo", "env", "false", "find", "grep", "head", "hostname", "id", "kill", "ln", "ls", "mkdir", "mktemp",
	"mv", "nc", "nslookup", "pgrep", "pidof", "pkill", "printf", "ps", "rm", "rmdir", "sed", "sh", "sleep", "sort", "stat",
	"sync", "tail", "tar", "tee", "test", "timeout", "touch", "tr", "true", "uname", "wc", "wget", "which", "whoami", "xargs",
}

func checkContainerNeedsShell(p *checks.ObjectPass) {
	for c := range linuxContainers(p) {
		image := p.Image(c)
		if image.Shell() != base.No {
			continue
		}
		for _, h := range c.Handlers() {
			if n := h.Node.Get("exec", "command"); lacks(image, n) {
				reportNeedsShell(p, c, image, h.Name, n, handlerHelp(p, c.Pod, h, n), handlerFix(p, c, image, h))
			}
		}
		if n := c.Node.Get("command"); lacks(image, n) {
			reportNeedsShell(p, c, image, "command", n, commandHelp(c), commandFix(p, c, image))
		}
	}
}

// lacks reports whether a command's program is one that an image without a shell does
// not have, or a script that none can run.
func lacks(image *checks.Image, command *kube.Node) bool {
	args := command.List()
	if len(args) == 0 {
		return false
	}
	name := args[0].Text()
	script := path.Ext(name) == ".sh"
	if !script && !isSystemProgram(name, withShell...) {
		return false
	}
	return script || image.Stage == nil || !mayBring(image.Stage, path.Base(name))
}

// failures say what comes of it when such a program is not there.
var failures = map[string]string{
	"livenessProbe":  "the container is restarted again and again",
	"startupProbe":   "the container is restarted again and again",
	"readinessProbe": "the pod never becomes ready",
	"postStart":      "the container is ended",
	"preStop":        "the hook does nothing, and the container is ended at once",
	"command":        "the container does not start",
}

func reportNeedsShell(p *checks.ObjectPass, c *kube.Container, image *checks.Image, field string, command *kube.Node, help string, fix *checks.Fix) {
	first := command.List()[0]
	f := checks.Finding{
		Key:  containerKey(c, field),
		Help: help, Fix: fix,
		Message: fmt.Sprintf("The `%s` of the %s %s calls %s, which %s does not have: %s.",
			field, roleNames[c.Role], checks.Code(c.Name), checks.Code(first.Text()), imageOf(image), failures[field]),
	}
	if path.Ext(first.Text()) == ".sh" {
		f.Message = fmt.Sprintf("The `%s` of the %s %s calls %s, and %s has no shell to run it: %s.",
			field, roleNames[c.Role], checks.Code(c.Name), checks.Code(first.Text()), imageOf(image), failures[field])
	}
	f.Related = append(f.Related, builtAt(image)...)
	p.Report(p.Object.Where(first), f)
}

var sleeps = regexp.MustCompile(`^\s*(?:/bin/)?sleep\s+(\d+)s?\s*;?\s*$`)

// handlerHelp is what takes the place of a probe or a hook that calls a program.
func handlerHelp(p *checks.ObjectPass, pod *kube.Pod, h kube.Handler, command *kube.Node) string {
	var words []string
	for _, a := range command.List() {
		words = append(words, a.Text())
	}
	line := strings.Join(words, " ")
	line = strings.TrimSpace(regexp.MustCompile(`^(?:/usr)?(?:/bin/)?(?:ba|da|a)?sh -e?c `).ReplaceAllString(line, ""))
	switch {
	case h.Name == "preStop" && sleeps.MatchString(line):
		seconds := sleeps.FindStringSubmatch(line)[1]
		help := fmt.Sprintf("Write `preStop: {sleep: {seconds: %s}}`, which needs no program; Kubernetes knows it from 1.30 on.", seconds)
		if n, err := strconv.ParseInt(seconds, 10, 64); err != nil || n > gracePeriod(pod) {
			help += fmt.Sprintf(" It refuses more seconds than `terminationGracePeriodSeconds`, which is %d.", gracePeriod(pod))
		} else if p.Release.Chart != nil && !p.Release.Since(sleepSince) {
			help += " `kubeVersion: \">=1.30.0-0\"` in `Chart.yaml` says that the chart is for such clusters."
		}
		return help
	case h.Name == "preStop", h.Name == "postStart":
		return "Have the application do it when it starts or gets SIGTERM, or use `httpGet`."
	case strings.Contains(line, "grpc"):
		return "Use a `grpc` probe, which the kubelet makes itself."
	case strings.Contains(line, "curl"), strings.Contains(line, "wget"):
		return "Use `httpGet`, which the kubelet makes itself."
	}
	return "Use `httpGet`, `tcpSocket` or `grpc`, which the kubelet makes itself."
}

func commandHelp(c *kube.Container) string {
	if c.Role == kube.Init {
		return "Take another image for this init container, one with a shell."
	}
	return "Call the program itself. Kubernetes replaces `$(NAME)` by the variables of the container; that needs no shell."
}

// imageOf is a container's image in the middle of a sentence.
func imageOf(image *checks.Image) string {
	if image.Stage == nil {
		return checks.Code(image.Ref.String())
	}
	return "its image, built on " + baseName(image.Stage) + ","
}

// builtAt is where the Dockerfile of a container's image says what it is built on, and
// why it is that Dockerfile.
func builtAt(image *checks.Image) []checks.Related {
	at := image.Place()
	if at.IsZero() {
		return nil
	}
	root := image.Stage.Root()
	related := []checks.Related{{
		File: at.File, Span: root.From.Span,
		Message: fmt.Sprintf("The image is taken to be built here: %s.", image.Link.Because),
	}}
	if !image.Link.IsZero() {
		related = append(related, checks.Related{File: image.Link.File, Span: image.Link.Span, Message: "It is said here."})
	}
	return related
}
