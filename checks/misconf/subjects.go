package misconf

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks/kube"
)

// objectSubjects are what the checks of objects are about, by their ids.
var objectSubjects = map[string]subject{
	// The security context.
	"KSV-0001": field("securityContext", "allowPrivilegeEscalation"),
	"KSV-0003": field("securityContext", "capabilities", "drop"),
	"KSV-0004": field("securityContext", "capabilities", "drop"),
	"KSV-0005": added(is("SYS_ADMIN")),
	"KSV-0012": field("securityContext", "runAsNonRoot"),
	"KSV-0014": field("securityContext", "readOnlyRootFilesystem"),
	"KSV-0017": field("securityContext", "privileged"),
	"KSV-0020": field("securityContext", "runAsUser"),
	"KSV-0021": field("securityContext", "runAsGroup"),
	"KSV-0022": added(func(string) bool { return true }),
	"KSV-0025": seLinux,
	"KSV-0026": sysctls,
	"KSV-0027": field("securityContext", "procMount"),
	"KSV-0030": seccomp,
	"KSV-0103": security(isTrue, "windowsOptions", "hostProcess"),
	"KSV-0104": field("securityContext", "seccompProfile", "type"),
	"KSV-0105": security(isZero, "runAsUser"),
	"KSV-0106": onlyBindService,
	"KSV-0116": rootGroups,
	"KSV-0118": defaultContext,
	"KSV-0119": added(is("NET_RAW")),
	"KSV-0120": added(is("SYS_MODULE")),

	// Containers and their pods.
	"KSV-0002": appArmor,
	"KSV-0006": volumes(hostPath(is("/var/run/docker.sock")), hostPathMessage),
	"KSV-0007": podField("hostAliases"),
	"KSV-0008": podField("hostIPC"),
	"KSV-0009": podField("hostNetwork"),
	"KSV-0010": podField("hostPID"),
	"KSV-0011": field("resources", "limits", "cpu"),
	"KSV-0013": field("image"),
	"KSV-0015": field("resources", "requests", "cpu"),
	"KSV-0016": field("resources", "requests", "memory"),
	"KSV-0018": field("resources", "limits", "memory"),
	"KSV-0023": volumes(hostPath(func(string) bool { return true }), hostPathMessage),
	"KSV-0024": ports("hostPort", "Container '%s' should not take port %s of its host.", func(int64) bool { return true }),
	"KSV-0028": volumes(nonCore, ""),
	"KSV-0036": podField("automountServiceAccountToken"),
	"KSV-0102": field("image"),
	"KSV-0117": ports("containerPort", "Container '%s' should not listen on port %s, which is below 1024.", func(port int64) bool { return port < 1024 }),
	"KSV-0121": volumes(hostPath(is("/", "/boot", "/dev", "/etc", "/lib", "/proc", "/sys", "/usr", "/var/lib/docker")), hostPathMessage),
	"KSV-0125": field("image"),

	// Roles and who has them.
	"KSV-0041": rule("resources", "secrets"),
	"KSV-0042": rule("resources", "pods/log"),
	"KSV-0043": rule("verbs", "impersonate"),
	"KSV-0044": rule("resources", "*"),
	"KSV-0045": rule("verbs", "*"),
	"KSV-0046": rule("resources", "*"),
	"KSV-0047": rule("resources", "nodes/proxy"),
	"KSV-0048": rule("resources", "pods", "deployments", "jobs", "cronjobs", "statefulsets", "daemonsets", "replicasets", "replicationcontrollers"),
	"KSV-0049": rule("resources", "configmaps"),
	"KSV-0050": rule("resources", "roles", "rolebindings"),
	"KSV-0051": rule("resources", "rolebindings"),
	"KSV-0052": rule("resources", "clusterrolebindings"),
	"KSV-0053": rule("resources", "pods/exec"),
	"KSV-0054": rule("resources", "pods/attach"),
	"KSV-0055": rule("resources", "rolebindings"),
	"KSV-0056": rule("resources", "services", "endpoints", "endpointslices", "networkpolicies", "ingresses"),
	"KSV-0112": rule("resources", "*"),
	"KSV-0113": rule("resources", "secrets"),
	"KSV-0114": rule("resources", "mutatingwebhookconfigurations", "validatingwebhookconfigurations"),
	"KSV-0115": rule("resourceNames", "aws-auth"),

	"KSV-01011": items(is("system:authenticated"), "name", "subjects"),
	"KSV-0111":  objectField("roleRef", "name"),
	"KSV-0122":  items(is("system:unauthenticated", "system:anonymous"), "name", "subjects"),
	"KSV-0123":  items(is("system:masters"), "name", "subjects"),

	// Other objects.
	"KCV-0093":  ingressAnnotations,
	"KSV-0037":  objectField("metadata", "namespace"),
	"KSV-0038":  objectField("spec", "podSelector"),
	"KSV-0039":  objectField("spec", "limits"),
	"KSV-0040":  objectField("spec", "hard"),
	"KSV-01010": configMap("ConfigMap '%s' holds what looks like personal data or a key under '%s'."),
	"KSV-0107":  objectField("apiVersion"),
	"KSV-0108":  external,
	"KSV-0109":  configMap("ConfigMap '%s' holds what looks like a secret under '%s'."),
	"KSV-0110":  objectField("metadata", "namespace"),
	"KSV-0124":  items(openEnded, "", "spec", "parameters", "repos"),
}

// flags are the command line of the container that the verdict names. The checks of a
// cluster's own components are about nothing else.
func flags(s *scene, v verdict) []spot {
	c := s.container(v)
	if c == nil {
		return nil
	}
	n := cmp.Or(c.Node.Get("args"), c.Node.Get("command"), c.Node)
	return []spot{{key: containerKey(c) + " command", at: s.Where(n)}}
}

// seccomp is the profile of the container, or the annotation that preceded it.
func seccomp(s *scene, v verdict) []spot {
	if found := field("securityContext", "seccompProfile", "type")(s, v); found != nil {
		return found
	}
	return inPods(annotations(is("seccomp.security.alpha.kubernetes.io/pod")), "")(s, v)
}

// defaultContext is where the container, or else the pod, would have what keeps it from
// running as root.
func defaultContext(s *scene, v verdict) []spot {
	if found := field("securityContext", "runAsNonRoot")(s, v); found != nil {
		found[0].message = "Container '" + shorten(s.container(v).Name) + "' has no security context of its own or its pod's."
		return found
	}
	var spots []spot
	for _, p := range s.pods {
		spots = append(spots, spot{key: "pod securityContext", at: s.below(p.Spec, []string{"securityContext", "runAsNonRoot"})})
	}
	return spots
}

func appArmor(s *scene, v verdict) []spot {
	c := s.container(v)
	if c == nil {
		return nil
	}
	return inPods(annotations(is("container.apparmor.security.beta.kubernetes.io/"+c.Name)), "")(s, v)
}

// annotations are those of a pod whose names match.
func annotations(match func(string) bool) func(*kube.Pod) map[string]*kube.Node {
	return func(p *kube.Pod) map[string]*kube.Node {
		return fields(p.Node.Get("metadata", "annotations"), "annotation", match)
	}
}

// fields are the fields of a mapping whose names match.
func fields(mapping *kube.Node, word string, match func(string) bool) map[string]*kube.Node {
	found := map[string]*kube.Node{}
	if mapping != nil && mapping.Kind == kube.Mapping {
		for _, n := range mapping.Items {
			if match(n.Key) {
				found[word+" "+bounded(n.Key)] = n
			}
		}
	}
	return found
}

// onlyBindService is a missing drop of ALL, or what is added beside it.
func onlyBindService(s *scene, v verdict) []spot {
	if found := field("securityContext", "capabilities", "drop")(s, v); found != nil {
		found[0].problem = droppedCapabilities
		found[0].message = "Container '" + shorten(s.container(v).Name) + "' should drop all capabilities."
		return found
	}
	found := added(func(name string) bool { return name != "NET_BIND_SERVICE" })(s, v)
	for i := range found {
		found[i].problem = addedCapability
	}
	return found
}

// seLinux is what the verdict says of the options: the type, or the role and the user.
func seLinux(s *scene, v verdict) []spot {
	names := []string{"role", "user"}
	if strings.Contains(v.message, "invalid seLinux type") {
		names = []string{"type"}
	}
	parts := func(n *kube.Node) map[string]*kube.Node {
		found := fields(n.Get("securityContext", "seLinuxOptions"), "seLinuxOptions", is(names...))
		maps.DeleteFunc(found, func(_ string, n *kube.Node) bool {
			return !strings.Contains(v.message, "'"+n.Key+"'") && !strings.Contains(v.message, "'"+n.Text()+"'")
		})
		return found
	}
	return slices.Concat(
		inPods(func(p *kube.Pod) map[string]*kube.Node { return parts(p.Spec) }, "")(s, v),
		inContainers(func(c *kube.Container) map[string]*kube.Node { return parts(c.Node) }, "")(s, v),
	)
}

func sysctls(s *scene, v verdict) []spot {
	return inPods(func(p *kube.Pod) map[string]*kube.Node {
		found := map[string]*kube.Node{}
		for _, n := range p.Spec.List("securityContext", "sysctls") {
			if name := n.Text("name"); quoted(v.message, name) {
				found["sysctl "+bounded(name)] = n.Get("name")
			}
		}
		return found
	}, "")(s, v)
}

func rootGroups(s *scene, v verdict) []spot {
	return inPods(func(p *kube.Pod) map[string]*kube.Node {
		found := map[string]*kube.Node{}
		for _, name := range []string{"runAsGroup", "fsGroup"} {
			if n := p.Spec.Get("securityContext", name); n != nil && isZero(n) {
				found["securityContext."+name] = n
			}
		}
		for _, n := range p.Spec.List("securityContext", "supplementalGroups") {
			if isZero(n) {
				found["securityContext.supplementalGroups"] = n
			}
		}
		return found
	}, "The pod's '%s' should not be %s, which is root's group.")(s, v)
}

const hostPathMessage = "The %s gives the pod '%s' of its host."

// hostPath is the path of the host that a volume mounts, if it matches.
func hostPath(match func(string) bool) func(*kube.Node) *kube.Node {
	return func(volume *kube.Node) *kube.Node {
		mount := volume.Get("hostPath")
		switch path := mount.Get("path"); {
		case path != nil && match(path.Text()):
			return path
		case path == nil && mount != nil && match(""):
			return mount
		}
		return nil
	}
}

// nonCore is the type of a volume that the Pod Security Standards do not allow, as far as
// Trivy's list of them goes.
func nonCore(volume *kube.Node) *kube.Node {
	for _, name := range []string{
		"gcePersistentDisk", "awsElasticBlockStore", "gitRepo", "nfs", "iscsi", "glusterfs", "rbd", "flexVolume",
		"cinder", "cephFS", "flocker", "fc", "azureFile", "vsphereVolume", "quobyte", "azureDisk",
		"portworxVolume", "scaleIO", "storageos",
	} {
		if n := volume.Get(name); n != nil {
			return n
		}
	}
	return nil
}

func ingressAnnotations(s *scene, v verdict) []spot {
	var spots []spot
	found := fields(s.Root.Get("metadata", "annotations"), "annotation", func(name string) bool { return strings.Contains(v.message, name) })
	for word, n := range sorted(found) {
		spots = append(spots, spot{key: word, at: s.Where(n)})
	}
	return spots
}

// openEnded reports whether a prefix of images matches more repositories than it seems to.
func openEnded(prefix string) bool {
	parts := strings.Split(prefix, "/")
	return !strings.ContainsAny(prefix, "/:") || parts[0] == "docker.io" && len(parts) <= 2
}

func external(s *scene, v verdict) []spot {
	found := items(func(string) bool { return true }, "", "spec", "externalIPs")(s, v)
	if n := s.Root.Get("spec", "externalName"); n != nil {
		found = append(found, spot{key: "externalName", at: s.Where(n)})
	}
	return found
}

// secretLine is what KSV-0109 looks for in the lines of an entry.
var secretLine = regexp.MustCompile(`(?i)(pass|password|pword|passphrase|passwrd|passwd|secret|secretkey|aws_access_key_id|pswrd|token|pwd)\s*[=:]`)

// configMap is the entries that the verdict names: by their keys, or by what stands
// before a colon or an equals sign in a line of theirs. Trivy's message quotes that, which
// may be a part of the secret, so it is not repeated. A verdict without a message is
// about lines that have both.
func configMap(message string) subject {
	return func(s *scene, v verdict) []spot {
		data := s.Root.Get("data")
		if data == nil || data.Kind != kube.Mapping {
			return nil
		}
		named := func(line string) bool {
			colon, equals := strings.Contains(line, ":"), strings.Contains(line, "=")
			if v.message == "" {
				return colon && equals && secretLine.MatchString(line)
			}
			return (colon || equals) && (quoted(v.message, before(line, ":")) || quoted(v.message, before(line, "=")))
		}
		var spots []spot
		for _, n := range data.Items {
			if quoted(v.message, n.Key) || slices.ContainsFunc(strings.Split(n.Text(), "\n"), named) {
				spots = append(spots, spot{
					key: "data " + bounded(n.Key), at: s.WhereKey(n),
					message: fmt.Sprintf(message, shorten(s.Name), shorten(n.Key)),
				})
			}
		}
		return spots
	}
}

func is(words ...string) func(string) bool {
	return func(s string) bool { return slices.Contains(words, s) }
}

func isTrue(n *kube.Node) bool { return n.Is(true) }

func isZero(n *kube.Node) bool {
	i, ok := n.Int()
	return ok && i == 0
}

// quoted reports whether a message of Trivy's names a word of the object.
func quoted(message, word string) bool {
	return word != "" && strings.Contains(message, strconv.Quote(word))
}

func before(line, separator string) string {
	head, _, _ := strings.Cut(line, separator)
	return head
}

// sorted are the entries in the order of their keys.
func sorted(m map[string]*kube.Node) iter.Seq2[string, *kube.Node] {
	return func(yield func(string, *kube.Node) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}
