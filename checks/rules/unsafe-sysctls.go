package rules

import (
	"fmt"
	"slices"

	"github.com/chiselbot/chiselbot/checks"
)

// unsafeSysctls is the control "Sysctls" of the Pod Security Standard baseline.
// https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/
var unsafeSysctls = page(checks.Rule{
	ID: "unsafe-sysctls", Title: "Unsafe kernel parameter", Since: "0.1.0", Severity: checks.Warning, Refused: checks.Baseline,
	Replaces: []checks.Replaced{{ID: "KSV-0026", Because: "it knows the parameters that newer versions call safe"}},
	Object:   checkUnsafeSysctls,
})

// safeSysctls are those of Kubernetes 1.37; earlier versions know fewer.
var safeSysctls = []string{
	"kernel.shm_rmid_forced",
	"net.ipv4.ip_local_port_range",
	"net.ipv4.ip_local_reserved_ports",
	"net.ipv4.ip_unprivileged_port_start",
	"net.ipv4.ping_group_range",
	"net.ipv4.tcp_fin_timeout",
	"net.ipv4.tcp_keepalive_intvl",
	"net.ipv4.tcp_keepalive_probes",
	"net.ipv4.tcp_keepalive_time",
	"net.ipv4.tcp_notsent_lowat",
	"net.ipv4.tcp_rmem",
	"net.ipv4.tcp_slow_start_after_idle",
	"net.ipv4.tcp_syncookies",
	"net.ipv4.tcp_wmem",
}

func checkUnsafeSysctls(p *checks.ObjectPass) {
	for _, pod := range p.Pods {
		for _, s := range pod.Spec.List("securityContext", "sysctls") {
			n := s.Get("name")
			if n == nil || slices.Contains(safeSysctls, n.Text()) {
				continue
			}
			p.Report(p.Object.Where(n), checks.Finding{
				Key:     "pod sysctl " + n.Text(),
				Message: fmt.Sprintf("The kernel parameter %s is not among the safe ones: a node that was not set up for it does not start the pod.", checks.Code(n.Text())),
				Help:    "Delete it, or set it on the nodes that need it.",
			})
		}
	}
}
