package rules

import (
	"fmt"
	"slices"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// volumeType is the control "Volume Types" of the Pod Security Standard restricted, but
// for the folders of the node, of which host-path speaks.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
var volumeType = page(checks.Rule{
	ID: "volume-type", Title: "Volume that speaks to storage itself", Since: "0.1.0", Severity: checks.Notice, Refused: checks.Restricted,
	Replaces: []checks.Replaced{{ID: "KSV-0028", Because: "it has the list of what is allowed and not of what is not"}},
	Object:   checkVolumeType,
})

func checkVolumeType(p *checks.ObjectPass) {
	allowed := []string{
		"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
	}
	for _, pod := range p.Pods {
		for _, v := range pod.Spec.List("volumes") {
			var other *kube.Node
			fine := v.Get("hostPath") != nil
			for _, n := range v.Items {
				switch {
				case n.Key == "name" || n.Kind == kube.Null:
				case slices.Contains(allowed, n.Key):
					fine = true
				default:
					other = n
				}
			}
			if fine || other == nil {
				continue
			}
			p.Report(p.Object.Where(other), checks.Finding{
				Key:     "pod volume " + v.Text("name") + " " + other.Key,
				Message: fmt.Sprintf("The volume %s is of the type %s, which the Pod Security Standard `restricted` refuses.", checks.Code(v.Text("name")), checks.Code(other.Key)),
				Help:    "Put it behind a PersistentVolumeClaim: then the cluster's operator decides what may be mounted.",
			})
		}
	}
}
