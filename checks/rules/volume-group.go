package rules

import (
	"fmt"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// volumeGroup looks at what the kubelet does for the owner of a volume: nothing, unless
// the pod says a group.
// https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#set-the-security-context-for-a-pod
var volumeGroup = page(checks.Rule{
	ID: "volume-group", Title: "Volume that the user may not be able to write", Since: "0.1.0", Severity: checks.Notice,
	Object: checkVolumeGroup,
})

func checkVolumeGroup(p *checks.ObjectPass) {
	for _, pod := range p.Pods {
		if pod.Windows() || pod.Spec.Get("securityContext", "fsGroup") != nil || ownsVolumes(pod) {
			continue
		}
		for _, c := range pod.Containers {
			image := p.Image(c)
			if c.Role != kube.Regular || !withoutRoot(c, image) {
				continue
			}
			for _, m := range c.Mounts() {
				if m.ReadOnly || !claimed(p.Object, m) {
					continue
				}
				number := accountOfContainer(c, image)
				p.Report(p.Object.WhereAbsent(pod.Spec, "securityContext", "fsGroup"), checks.Finding{
					Key: containerKey(c, "fsGroup "+m.Node.Text("name")),
					Message: fmt.Sprintf("%s does not run as root, and the volume at %s belongs to root on most kinds of storage: it cannot be written.",
						containerName(c), checks.Code(m.Path)),
					Help:    fmt.Sprintf("Set `fsGroup: %s` for the pod: the kubelet then gives the volume to that group.", number),
					Related: []checks.Related{checks.At(p.Object.Where(m.Node), "The volume is mounted here.")},
					Fix:     insertFix(p, pod.Spec, number, fmt.Sprintf("Set `fsGroup: %s`", number), "securityContext", "fsGroup"),
				})
				break
			}
		}
	}
}

// accountOfContainer is the number that a container runs as, or a likely one.
func accountOfContainer(c *kube.Container, image *checks.Image) string {
	if uid, ok := numberOf(c); ok {
		return fmt.Sprint(uid)
	}
	if image != nil {
		if own := accountOf(image); own != "" {
			return own
		}
	}
	return "10001"
}

// claimed reports whether a mount is of a claim, which outlives the pod.
func claimed(o *kube.Object, m kube.Mount) bool {
	if m.Volume != nil {
		return m.Volume.Get("persistentVolumeClaim") != nil && !m.Volume.Is(true, "persistentVolumeClaim", "readOnly")
	}
	for _, claim := range o.Root.List("spec", "volumeClaimTemplates") {
		if claim.Text("metadata", "name") == m.Node.Text("name") {
			return true
		}
	}
	return false
}

// ownsVolumes reports whether an init container that runs as root may give the volumes to
// the user.
func ownsVolumes(pod *kube.Pod) bool {
	for _, c := range pod.Containers {
		if uid, ok := numberOf(c); c.Role == kube.Init && len(c.Mounts()) > 0 && (!ok || uid == 0) {
			return true
		}
	}
	return false
}
