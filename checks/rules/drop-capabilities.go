package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// dropCapabilities is the first half of the control "Capabilities" of the Pod Security
// Standard restricted. It knows that admission compares with ALL in capitals, while the
// runtimes take any case: with all, a pod works until its namespace is restricted.
// https://github.com/kubernetes/pod-security-admission/issues/11
var dropCapabilities = page(checks.Rule{
	ID: "drop-capabilities", Title: "Container keeps capabilities", Since: "0.1.0", Severity: checks.Warning, Refused: checks.Restricted,
	Replaces: []checks.Replaced{
		{ID: "KSV-0003", Because: "it knows that admission wants ALL in capitals"},
		{ID: "KSV-0004", Because: "dropping ALL is what cures it"},
		{ID: "KSV-0106", Because: "it says whether nothing is dropped or too little; what is added has a rule of its own"},
	},
	Object: checkDropCapabilities,
})

func checkDropCapabilities(p *checks.ObjectPass) {
	for c := range linuxContainers(p) {
		drop := c.Node.Get("securityContext", "capabilities", "drop")
		dropped := c.Node.List("securityContext", "capabilities", "drop")
		if slices.ContainsFunc(dropped, func(n *kube.Node) bool { return n.Text() == "ALL" }) {
			continue
		}
		f := checks.Finding{
			Key:  containerKey(c, "capabilities.drop"),
			Help: "Drop `ALL`, and add what the program needs; most need nothing.",
		}
		lower := slices.IndexFunc(dropped, func(n *kube.Node) bool { return strings.EqualFold(n.Text(), "ALL") })
		switch {
		case lower >= 0:
			n := dropped[lower]
			f.Message = fmt.Sprintf("%s drops %s: the Pod Security Standard `restricted` knows only `ALL`, in capitals, and refuses the pod.", containerName(c), checks.Code(n.Text()))
			f.Help = "Write `ALL`."
			f.Fix = replaceFix(p, n, "ALL", "Write `ALL` in capitals", checks.Safe)
			p.Report(p.Object.Where(n), f)
		case drop != nil:
			f.Message = containerName(c) + " keeps capabilities of its runtime's default set: it does not drop `ALL`."
			p.Report(p.Object.Where(drop), f)
		default:
			f.Message = containerName(c) + " keeps the capabilities of its runtime's default set: it drops none."
			f.Fix = insertFix(p, c.Node, `["ALL"]`, "Drop all capabilities", "securityContext", "capabilities", "drop")
			p.Report(p.Object.WhereAbsent(c.Node, "securityContext", "capabilities", "drop"), f)
		}
	}
}
