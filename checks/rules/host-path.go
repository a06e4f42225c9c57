package rules

import (
	"fmt"
	"path"

	"github.com/chiselbot/chiselbot/checks"
)

// hostPath is the control "HostPath Volumes" of the Pod Security Standard baseline.
// https://kubernetes.io/docs/concepts/storage/volumes/#hostpath
var hostPath = page(checks.Rule{
	ID: "host-path", Title: "Pod mounts a folder of the node", Since: "0.1.0", Severity: checks.Warning, Refused: checks.Baseline,
	Replaces: []checks.Replaced{
		{ID: "KSV-0006", Because: "it knows the other sockets of container runtimes too"},
		{ID: "KSV-0023", Because: "it speaks of each volume"},
		{ID: "KSV-0121", Because: "it speaks of each volume, and says what the path gives away"},
	},
	Object: checkHostPath,
})

// takeover are paths of the node with which whoever can write there, or talk to what
// listens there, has the node.
var takeover = map[string]string{
	"/":                               "the node's whole disk",
	"/etc":                            "the node's accounts and services",
	"/proc":                           "the node's kernel and its processes",
	"/root":                           "the home of the node's root",
	"/run/containerd/containerd.sock": "the container runtime, which starts privileged containers for whoever asks",
	"/run/crio/crio.sock":             "the container runtime, which starts privileged containers for whoever asks",
	"/var/lib/kubelet":                "the secrets of all pods on the node",
	"/var/run/docker.sock":            "Docker, which starts privileged containers for whoever asks",
	"/run/docker.sock":                "Docker, which starts privileged containers for whoever asks",
	"/var/run":                        "the sockets of the node's services, the container runtime's among them",
	"/run":                            "the sockets of the node's services, the container runtime's among them",
}

func checkHostPath(p *checks.ObjectPass) {
	for _, pod := range p.Pods {
		for _, v := range pod.Spec.List("volumes") {
			n := v.Get("hostPath")
			if n == nil {
				continue
			}
			at, where := n, n.Get("path")
			f := checks.Finding{
				Key:     "pod volume " + v.Text("name") + " hostPath",
				Message: fmt.Sprintf("The volume %s is a folder of the node, which outlives the pod and which other pods see.", checks.Code(v.Text("name"))),
				Help:    "Take an `emptyDir` for what the pod alone needs, a PersistentVolumeClaim for what is to stay.",
			}
			if where != nil {
				at = where
				f.Message = fmt.Sprintf("The volume %s is %s of the node, which outlives the pod and which other pods see.", checks.Code(v.Text("name")), checks.Code(where.Text()))
				if what := takeover[path.Clean(where.Text())]; what != "" {
					f.Message = fmt.Sprintf("The volume %s is %s of the node: %s.", checks.Code(v.Text("name")), checks.Code(where.Text()), what)
				}
			}
			p.Report(p.Object.Where(at), f)
		}
	}
}
