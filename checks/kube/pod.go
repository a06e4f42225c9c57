package kube

import (
	"slices"
	"strings"
)

// A Pod is a pod, or the template of one, within an object.
type Pod struct {
	Object *Object
	// Node is the mapping that has the pod's metadata and spec: the object itself, or a
	// template in it.
	Node       *Node
	Spec       *Node
	Containers []*Container
}

// A Role is what a container is to its pod.
type Role string

// The roles, named as the fields that list such containers.
const (
	Regular   Role = "containers"
	Init      Role = "initContainers"
	Ephemeral Role = "ephemeralContainers"
)

// A Container is one container of a pod.
type Container struct {
	Pod  *Pod
	Role Role
	Node *Node
	// Name and Image are as written.
	Name, Image string
}

// Paths lists where kinds of objects have their pods, by kind and group as in
// "Rollout.argoproj.io" (kinds of the core group have no group): paths of field names
// with dots, where a list stands for each of its items.
type Paths map[string][]string

// Workloads are the kinds of Kubernetes itself that run pods, and custom ones that are
// known by their documentation.
func Workloads() Paths {
	return Paths{
		"Pod":                   {""},
		"PodTemplate":           {"template"},
		"ReplicationController": {"spec.template"},
		"Deployment.apps":       {"spec.template"},
		"StatefulSet.apps":      {"spec.template"},
		"DaemonSet.apps":        {"spec.template"},
		"ReplicaSet.apps":       {"spec.template"},
		"Job.batch":             {"spec.template"},
		"CronJob.batch":         {"spec.jobTemplate.spec.template"},

		// The group of the same kinds before Kubernetes 1.16.
		"Deployment.extensions": {"spec.template"},
		"DaemonSet.extensions":  {"spec.template"},
		"ReplicaSet.extensions": {"spec.template"},

		// https://docs.redhat.com/en/documentation/openshift_container_platform/4.17/html/workloads_apis/deploymentconfig-apps-openshift-io-v1
		"DeploymentConfig.apps.openshift.io": {"spec.template"},
		// https://argo-rollouts.readthedocs.io/en/stable/features/specification/
		"Rollout.argoproj.io": {"spec.template"},
		// https://knative.dev/docs/serving/reference/serving-api/
		"Service.serving.knative.dev":       {"spec.template"},
		"Configuration.serving.knative.dev": {"spec.template"},
		"Revision.serving.knative.dev":      {""},
		// https://keda.sh/docs/latest/reference/scaledjob-spec/
		"ScaledJob.keda.sh": {"spec.jobTargetRef.template"},
		// https://openkruise.io/docs/user-manuals/cloneset
		"CloneSet.apps.kruise.io":                  {"spec.template"},
		"StatefulSet.apps.kruise.io":               {"spec.template"},
		"DaemonSet.apps.kruise.io":                 {"spec.template"},
		"AdvancedCronJob.apps.kruise.io":           {"spec.template.jobTemplate.spec.template"},
		"JobSet.jobset.x-k8s.io":                   {"spec.replicatedJobs.template.spec.template"},
		"LeaderWorkerSet.leaderworkerset.x-k8s.io": {"spec.leaderWorkerTemplate.leaderTemplate", "spec.leaderWorkerTemplate.workerTemplate"},
	}
}

// Group is the group of the object's API, empty for the core group.
func (o *Object) Group() string {
	group, _, ok := strings.Cut(o.APIVersion, "/")
	if !ok {
		return ""
	}
	return group
}

// Type is the object's kind and group as in "Deployment.apps".
func (o *Object) Type() string {
	if g := o.Group(); g != "" {
		return o.Kind + "." + g
	}
	return o.Kind
}

// Pods are the pods of the object, found by paths; nil stands for [Workloads].
func (o *Object) Pods(paths Paths) []*Pod {
	if paths == nil {
		paths = Workloads()
	}
	var pods []*Pod
	for _, path := range paths[o.Type()] {
		for _, n := range follow([]*Node{o.Root}, path) {
			if spec := n.Get("spec"); spec != nil && spec.Kind == Mapping {
				pods = append(pods, o.pod(n, spec))
			}
		}
	}
	return pods
}

// follow is the nodes at a path of fields, all items where one is a list.
func follow(nodes []*Node, path string) []*Node {
	if path == "" {
		return nodes
	}
	for name := range strings.SplitSeq(path, ".") {
		var next []*Node
		for _, n := range nodes {
			switch n = n.Get(name); {
			case n == nil:
			case n.Kind == Sequence:
				next = append(next, n.List()...)
			default:
				next = append(next, n)
			}
		}
		nodes = next
	}
	return nodes
}

func (o *Object) pod(n, spec *Node) *Pod {
	p := &Pod{Object: o, Node: n, Spec: spec}
	for _, role := range []Role{Init, Regular, Ephemeral} {
		for _, c := range spec.List(string(role)) {
			if c.Kind == Mapping {
				p.Containers = append(p.Containers, &Container{
					Pod: p, Role: role, Node: c, Name: c.Text("name"), Image: c.Text("image"),
				})
			}
		}
	}
	return p
}

// Windows reports whether the pod says that it runs on Windows.
func (p *Pod) Windows() bool {
	return p.Spec.Text("os", "name") == "windows" ||
		p.Spec.Text("nodeSelector", "kubernetes.io/os") == "windows"
}

// Sidecar reports whether an init container goes on running beside the regular ones.
// (https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/)
func (c *Container) Sidecar() bool {
	return c.Role == Init && c.Node.Text("restartPolicy") == "Always"
}

// shared are the fields of a security context that a container takes from its pod when
// it has none of its own.
// (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#security-context)
var shared = []string{
	"appArmorProfile", "runAsGroup", "runAsNonRoot", "runAsUser", "seccompProfile", "seLinuxOptions", "windowsOptions",
}

// Security is a field of the container's security context as it takes effect: its own,
// or the pod's where a pod can give it. Nil where neither says anything.
func (c *Container) Security(field string) *Node {
	if own := c.Node.Get("securityContext", field); own != nil {
		return own
	}
	if slices.Contains(shared, field) {
		return c.Pod.Spec.Get("securityContext", field)
	}
	return nil
}

// Env is the entry of a container's environment, nil where it is not set by name. The
// last entry of a name counts.
func (c *Container) Env(name string) *Node {
	env := c.Node.List("env")
	for _, e := range slices.Backward(env) {
		if e.Text("name") == name {
			return e
		}
	}
	return nil
}

// A Port is a port of a container.
type Port struct {
	Name     string
	Protocol string
	// Number is containerPort, 0 where it is not a number.
	Number int64
	Node   *Node
}

// Ports are the container's ports.
func (c *Container) Ports() []Port {
	var ports []Port
	for _, n := range c.Node.List("ports") {
		port := Port{Name: n.Text("name"), Protocol: n.Text("protocol"), Node: n}
		port.Number, _ = n.Int("containerPort")
		if port.Protocol == "" {
			port.Protocol = "TCP"
		}
		ports = append(ports, port)
	}
	return ports
}

// A Handler is an action that the kubelet takes in or against a container.
type Handler struct {
	// Name is the field that asks for it: "livenessProbe", "preStop".
	Name string
	Node *Node
}

// Handlers are the container's probes and lifecycle hooks.
func (c *Container) Handlers() []Handler {
	var handlers []Handler
	for _, name := range []string{"startupProbe", "readinessProbe", "livenessProbe"} {
		if n := c.Node.Get(name); n != nil {
			handlers = append(handlers, Handler{name, n})
		}
	}
	for _, name := range []string{"postStart", "preStop"} {
		if n := c.Node.Get("lifecycle", name); n != nil {
			handlers = append(handlers, Handler{name, n})
		}
	}
	return handlers
}

// A Mount is a volume where a container has it.
type Mount struct {
	Path     string
	ReadOnly bool
	Node     *Node
	// Volume is the pod's volume, nil where the pod has none of that name.
	Volume *Node
}

// Mounts are the volumes that the container mounts.
func (c *Container) Mounts() []Mount {
	var mounts []Mount
	for _, n := range c.Node.List("volumeMounts") {
		m := Mount{Path: n.Text("mountPath"), ReadOnly: n.Is(true, "readOnly"), Node: n}
		for _, v := range c.Pod.Spec.List("volumes") {
			if v.Text("name") == n.Text("name") {
				m.Volume = v
			}
		}
		mounts = append(mounts, m)
	}
	return mounts
}
