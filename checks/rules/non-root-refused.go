package rules

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// nonRootRefused does what the kubelet does before it starts a container that must not
// run as root, but before anything is deployed.
// https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kuberuntime/security_context.go
var nonRootRefused = page(checks.Rule{
	ID: "non-root-refused", Title: "Container that the kubelet does not start", Since: "0.1.0", Severity: checks.Error,
	Object: checkNonRootRefused,
})

func checkNonRootRefused(p *checks.ObjectPass) {
	for c := range linuxContainers(p) {
		n := c.Security("runAsNonRoot")
		if !n.Is(true) || c.Security("runAsUser") != nil {
			continue
		}
		image := p.Image(c)
		user, known := image.User()
		if !known {
			continue
		}
		f := checks.Finding{Key: containerKey(c, "runAsNonRoot")}
		name, _, _ := strings.Cut(user, ":")
		switch _, err := strconv.ParseUint(name, 10, 32); {
		case base.IsRoot(user) && !userNamespace(c.Pod):
			f.Message = fmt.Sprintf("%s is not started: `runAsNonRoot` is set, and %s runs as root.", containerName(c), imageOf(image))
		case !base.IsRoot(user) && err != nil:
			f.Message = fmt.Sprintf("%s is not started: `runAsNonRoot` is set, and the user %s of %s is a name, of which the kubelet cannot tell whether it is root.", containerName(c), checks.Code(name), imageOf(image))
		default:
			continue
		}
		f.Help = nonRootRefusedHelp(image)
		f.Related = append(f.Related, userAt(image)...)
		if number := accountOf(image); number != "" {
			f.Fix = insertFix(p, c.Node, number, fmt.Sprintf("Set `runAsUser: %s`", number), "securityContext", "runAsUser")
		}
		p.Report(p.Object.Where(n), f)
	}
}

func nonRootRefusedHelp(image *checks.Image) string {
	number := accountOf(image)
	switch {
	case image.Stage != nil && number != "":
		return fmt.Sprintf("Write `USER %s` in the Dockerfile, or `runAsUser: %[1]s` here.", number)
	case image.Stage != nil:
		return "Write a number as `USER` in the Dockerfile, or set `runAsUser`."
	case number != "":
		return fmt.Sprintf("Set `runAsUser: %s`.", number)
	}
	return "Set `runAsUser` to a number other than 0, if the image can run so."
}

// accountOf is the number of the account that an image has for its application, empty
// where none is known.
func accountOf(image *checks.Image) string {
	user, _ := image.User()
	name, _, _ := strings.Cut(user, ":")
	if n, err := strconv.ParseUint(name, 10, 32); err == nil && n > 0 {
		return name
	}
	if uid, ok := image.Env("APP_UID"); ok && uid != "0" {
		return uid
	}
	if image.Stage != nil {
		return wellKnown(image.Stage, name)
	}
	if image.Facts.UID > 0 {
		return strconv.Itoa(image.Facts.UID)
	}
	return ""
}

// userAt is where the Dockerfile sets the user of a container's image.
func userAt(image *checks.Image) []checks.Related {
	related := builtAt(image)
	if image.Stage == nil {
		return related
	}
	if user := image.Stage.State().User; user.Origin != nil {
		related = append(related, checks.Related{File: image.File.File, Span: user.Span, Message: "Its user is set here."})
	}
	return related
}

// numberOf is the number of a container's user as the pod sets it; false where it does not.
func numberOf(c *kube.Container) (int64, bool) { return c.Security("runAsUser").Int() }
