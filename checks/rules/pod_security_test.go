package rules_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/checks/rules"
)

// controls are the controls of the Pod Security Standards, by the names of Kubernetes'
// own admission, and the rules that find what each of them forbids.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/
var controls = map[policy.CheckID][]string{
	"allowPrivilegeEscalation":   {"privilege-escalation"},
	"appArmorProfile":            {"apparmor-profile"},
	"capabilities_baseline":      {"added-capabilities"},
	"capabilities_restricted":    {"added-capabilities", "drop-capabilities"},
	"hostNamespaces":             {"host-namespaces"},
	"hostPathVolumes":            {"host-path"},
	"hostPorts":                  {"host-port"},
	"hostProbesAndHostLifecycle": {"probe-host"},
	"privileged":                 {"privileged-container"},
	"procMount":                  {"proc-mount"},
	"procMount_restricted":       {"proc-mount"},
	"restrictedVolumes":          {"host-path", "volume-type"},
	"runAsNonRoot":               {"run-as-non-root"},
	"runAsUser":                  {"run-as-root"},
	"seLinuxOptions":             {"selinux-options"},
	"seccompProfile_baseline":    {"seccomp-profile"},
	"seccompProfile_restricted":  {"seccomp-profile"},
	"sysctls":                    {"unsafe-sysctls"},
	"windowsHostProcess":         {"host-process"},
}

// TestPodSecurity asks Kubernetes' own admission and the rules about the same pods.
func TestPodSecurity(t *testing.T) {
	t.Parallel()
	published := policy.DefaultChecks()
	if len(published) != len(controls) {
		t.Errorf("%d controls are published, %d are known here", len(published), len(controls))
	}
	known := map[string]*checks.Rule{}
	for _, r := range rules.All() {
		known[r.ID] = r
	}
	var all []*checks.Rule
	for id, stems := range controls {
		for _, rule := range stems {
			if known[rule] == nil {
				t.Fatalf("%s: there is no rule %s", id, rule)
			}
			if !slices.Contains(all, known[rule]) {
				all = append(all, known[rule])
			}
		}
	}

	r := rand.New(rand.NewPCG(1, 2))
	forbidden, allowed := map[policy.CheckID]int{}, map[policy.CheckID]int{}
	for range 1000 {
		object := randomPod(r)
		text, err := json.MarshalIndent(object, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		var pod corev1.Pod
		if err := json.Unmarshal(text, &pod); err != nil {
			t.Fatal(err)
		}
		res, err := checks.Run(t.Context(), checktest.Tree(map[string]string{"pod.json": string(text)}),
			checks.Options{Rules: all, IsDockerfile: checktest.IsDockerfile, Now: checktest.Now})
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, f := range res.Findings {
			found[f.Rule.ID] = true
		}
		why := map[string]bool{}      // rules of controls that forbid the pod
		baseline := map[string]bool{} // those of them whose control is one of baseline
		for _, check := range published {
			stems := controls[check.ID]
			if stems == nil {
				t.Fatalf("the control %s has no rule", check.ID)
			}
			verdict := check.Versions[len(check.Versions)-1].CheckPod(&pod.ObjectMeta, &pod.Spec)
			if verdict.Allowed {
				allowed[check.ID]++
				continue
			}
			forbidden[check.ID]++
			if !slices.ContainsFunc(stems, func(id string) bool { return found[id] }) {
				t.Fatalf("%s forbids this (%s), but the rules find %v:\n%s", check.ID, verdict.ForbiddenDetail, found, text)
			}
			for _, id := range stems {
				why[id] = true
				baseline[id] = baseline[id] || check.Level == api.LevelBaseline
			}
		}
		for id := range found {
			if !why[id] {
				t.Fatalf("the rule %s finds something, but no control forbids it:\n%s", id, text)
			}
			if refused := known[id].Refused; refused == checks.Baseline && !baseline[id] {
				t.Fatalf("the rule %s finds something, but no control of baseline forbids it:\n%s", id, text)
			}
		}
	}
	for id := range controls {
		if forbidden[id] == 0 || allowed[id] == 0 {
			t.Errorf("%s: %d pods were forbidden and %d allowed; the test shows nothing", id, forbidden[id], allowed[id])
		}
	}
}

// A fragment is a mapping under construction.
type fragment = map[string]any

// randomPod has each field of the standards now and then, with good and bad values.
func randomPod(r *rand.Rand) fragment {
	maybe := func(to fragment, field string, values ...any) {
		if r.IntN(3) == 0 {
			to[field] = values[r.IntN(len(values))]
		}
	}
	seldom := func(to fragment, field string, values ...any) {
		if r.IntN(6) == 0 {
			maybe(to, field, values...)
		}
	}
	security := func(container bool) fragment {
		s := fragment{}
		maybe(s, "runAsNonRoot", true, true, false)
		seldom(s, "runAsUser", 0, 1, 1654)
		maybe(s, "seccompProfile", fragment{"type": "RuntimeDefault"}, fragment{"type": "Localhost"}, fragment{"type": "Unconfined"})
		seldom(s, "appArmorProfile", fragment{"type": "RuntimeDefault"}, fragment{"type": "Localhost"}, fragment{"type": "Unconfined"})
		seldom(s, "seLinuxOptions", fragment{"type": "spc_t"}, fragment{"type": "container_t"}, fragment{"user": "u"}, fragment{"role": "r"}, fragment{"type": "", "level": "s0"})
		seldom(s, "windowsOptions", fragment{"hostProcess": true}, fragment{"hostProcess": false}, fragment{"runAsUserName": "a"})
		if !container {
			seldom(s, "sysctls", []fragment{{"name": "kernel.msgmax", "value": "1"}}, []fragment{{"name": "net.ipv4.tcp_syncookies", "value": "1"}, {"name": "net.ipv4.tcp_notsent_lowat", "value": "1"}}, []fragment{})
			return s
		}
		maybe(s, "allowPrivilegeEscalation", false, false, true)
		seldom(s, "privileged", true, false)
		seldom(s, "procMount", "Unmasked", "Default")
		capabilities := fragment{}
		maybe(capabilities, "drop", []string{"ALL"}, []string{"NET_RAW", "ALL"}, []string{"all"}, []string{"KILL"}, []string{})
		seldom(capabilities, "add", []string{"NET_BIND_SERVICE"}, []string{"CHOWN"}, []string{"SYS_ADMIN", "NET_BIND_SERVICE"}, []string{})
		if r.IntN(3) > 0 {
			s["capabilities"] = capabilities
		}
		return s
	}
	container := func(name string) fragment {
		c := fragment{"name": name, "image": "example.com/web:1"}
		if r.IntN(4) > 0 {
			c["securityContext"] = security(true)
		}
		maybe(c, "ports", []fragment{{"containerPort": 8080}}, []fragment{{"containerPort": 80, "hostPort": 0}}, []fragment{{"containerPort": 80, "hostPort": 80}})
		handlers := []any{fragment{"httpGet": fragment{"port": 1}}, fragment{"httpGet": fragment{"port": 1, "host": ""}}, fragment{"tcpSocket": fragment{"port": 1, "host": "a"}}, fragment{"httpGet": fragment{"port": 1, "host": "b"}}}
		for _, probe := range []string{"livenessProbe", "readinessProbe", "startupProbe"} {
			seldom(c, probe, handlers...)
		}
		lifecycle := fragment{}
		seldom(lifecycle, "preStop", handlers...)
		seldom(lifecycle, "postStart", handlers...)
		c["lifecycle"] = lifecycle
		return c
	}
	spec := fragment{}
	maybe(spec, "securityContext", security(false), security(false), fragment{})
	seldom(spec, "hostNetwork", true, false)
	seldom(spec, "hostPID", true, false)
	seldom(spec, "hostIPC", true, false)
	seldom(spec, "hostUsers", true, false)
	seldom(spec, "os", fragment{"name": "windows"}, fragment{"name": "linux"})
	maybe(spec, "volumes", []fragment{{"name": "a", "emptyDir": fragment{}}}, []fragment{{"name": "a", "hostPath": fragment{"path": "/a"}}},
		[]fragment{{"name": "a", "nfs": fragment{"server": "a", "path": "/"}}, {"name": "b", "secret": fragment{"secretName": "a"}}}, []fragment{{"name": "a", "gitRepo": fragment{"repository": "a"}}},
		[]fragment{{"name": "a", "image": fragment{"reference": "a"}}, {"name": "b", "csi": fragment{"driver": "a"}}, {"name": "c", "ephemeral": fragment{}}})
	for _, role := range []string{"containers", "initContainers", "ephemeralContainers"} {
		var list []fragment
		for n := range r.IntN(3) {
			list = append(list, container(fmt.Sprintf("%.1s%d", role, n)))
		}
		if role == "containers" && len(list) == 0 {
			list = append(list, container("app"))
		}
		spec[role] = list
	}
	metadata := fragment{"name": "a"}
	seldom(metadata, "annotations", fragment{"container.apparmor.security.beta.kubernetes.io/c0": "unconfined"}, fragment{"container.apparmor.security.beta.kubernetes.io/c0": "runtime/default"})
	return fragment{"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
}
