package misconf

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// objectFindings gives verdicts about an object our positions, keys and wording. Trivy
// names a mapping, often the whole container or the whole object; the subject of the
// check is the field in it that a person would edit.
func objectFindings(o *kube.Object, verdicts []verdict) []checks.ObjectFinding {
	if len(verdicts) == 0 {
		return nil
	}
	s := newScene(o)
	type key struct{ id, subject string }
	seen := map[key]bool{}
	count := map[string]int{}
	var findings []checks.ObjectFinding
	for _, v := range verdicts {
		id := v.check.rule.ID
		spots := s.spots(v)
		for _, spot := range spots {
			// Several verdicts of a check may be about one subject: some checks name every
			// container that is not at fault together with every one that is.
			if seen[key{id, spot.key}] || count[id] == maxPerCheck {
				continue
			}
			seen[key{id, spot.key}] = true
			count[id]++
			message := spot.message
			switch {
			case message != "":
			case v.message == "" || strings.Contains(v.message, metadataKey):
				// Trivy's message is not a text, or it quotes a whole part of the object,
				// secrets included.
				message = sentence(v.check.rule.Title)
			default:
				message = sentence(shorten(v.message))
			}
			findings = append(findings, checks.ObjectFinding{
				Finding: checks.Finding{
					Rule: v.check.rule, Key: spot.key, Message: message, Help: v.check.help, Problem: cmp.Or(spot.problem, problemOf[id]),
				},
				At: spot.at,
			})
		}
	}
	return findings
}

// A spot is one thing in an object that a check is about.
type spot struct {
	// key names it within the object; it says what it is and not where it stands.
	key string
	at  kube.Origin
	// message replaces Trivy's where that does not say what is meant.
	message string
	// problem replaces that of the check where the check has two.
	problem string
}

// A subject finds what a verdict is about; none when the object is not as the check
// expects it.
type subject func(s *scene, v verdict) []spot

// A scene is an object with its parts at hand.
type scene struct {
	*kube.Object
	mappings []*kube.Node // by their numbers
	pods     []*kube.Pod
}

func newScene(o *kube.Object) *scene {
	path := ""
	switch o.Kind { // as Trivy's library decides it
	case "Deployment", "DeploymentConfig", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job":
		path = "spec.template"
	case "CronJob":
		path = "spec.jobTemplate.spec.template"
	}
	return &scene{Object: o, mappings: numbered(o.Root), pods: o.Pods(kube.Paths{o.Type(): {path}})}
}

// spots are the subjects of a verdict, at least one: the mapping that Trivy names where
// nothing better is known.
func (s *scene) spots(v verdict) []spot {
	of := objectSubjects[v.check.rule.ID]
	if of == nil {
		of = flags
	}
	if found := of(s, v); len(found) > 0 {
		return found
	}
	n := s.mappings[v.start]
	switch c := s.container(v); {
	case c != nil:
		return []spot{{key: containerKey(c), at: s.Where(n)}}
	case n == nil:
		n = s.Root
	}
	return []spot{{key: "object", at: s.Where(n)}}
}

// container is the container that the verdict names, nil when it names something else.
func (s *scene) container(v verdict) *kube.Container {
	n := s.mappings[v.start]
	for c := range s.containers {
		if c.Node == n {
			return c
		}
	}
	return nil
}

func (s *scene) containers(yield func(*kube.Container) bool) {
	for _, p := range s.pods {
		for _, c := range p.Containers {
			if !yield(c) {
				return
			}
		}
	}
}

func containerKey(c *kube.Container) string { return "container " + bounded(c.Name) }

// field is a field of the container that the verdict names, or the place where it would
// be. What a container takes from its pod stands there.
func field(path ...string) subject {
	return func(s *scene, v verdict) []spot {
		c := s.container(v)
		if c == nil {
			return nil
		}
		return []spot{{key: containerKey(c) + " " + strings.Join(path, "."), at: s.fieldOf(c, path)}}
	}
}

func (s *scene) fieldOf(c *kube.Container, path []string) kube.Origin {
	if path[0] == "securityContext" {
		if n := c.Security(path[1]); n != nil {
			return s.below(n, path[2:])
		}
	}
	return s.below(c.Node, path)
}

// below is where the value at a path under a node comes from, or would.
func (s *scene) below(n *kube.Node, path []string) kube.Origin {
	if found := n.Get(path...); found != nil {
		return s.Where(found)
	}
	if n.Kind != kube.Mapping {
		return s.Where(n)
	}
	return s.WhereAbsent(n, path...)
}

// inContainers are parts of any container, each with a word that tells it from its likes.
func inContainers(parts func(c *kube.Container) map[string]*kube.Node, message string) subject {
	return func(s *scene, _ verdict) []spot {
		var spots []spot
		for c := range s.containers {
			for word, n := range sorted(parts(c)) {
				one := spot{key: containerKey(c) + " " + word, at: s.Where(n)}
				if message != "" {
					one.message = fmt.Sprintf(message, shorten(c.Name), shorten(n.Text()))
				}
				spots = append(spots, one)
			}
		}
		return spots
	}
}

// added are the capabilities that match among those that containers add.
func added(match func(string) bool) subject {
	return inContainers(func(c *kube.Container) map[string]*kube.Node {
		found := map[string]*kube.Node{}
		for _, n := range c.Node.List("securityContext", "capabilities", "add") {
			if match(n.Text()) {
				found["capability "+bounded(n.Text())] = n
			}
		}
		return found
	}, "Container '%s' should not add the capability '%s'.")
}

// ports are the fields of containers' ports that match.
func ports(field, message string, match func(int64) bool) subject {
	return inContainers(func(c *kube.Container) map[string]*kube.Node {
		found := map[string]*kube.Node{}
		for _, p := range c.Node.List("ports") {
			if number, ok := p.Int(field); ok && match(number) {
				found[field+" "+strconv.FormatInt(number, 10)] = p.Get(field)
			}
		}
		return found
	}, message)
}

// security are fields of security contexts that match: containers' own and their pods'.
func security(match func(*kube.Node) bool, path ...string) subject {
	path = append([]string{"securityContext"}, path...)
	part := func(n *kube.Node) map[string]*kube.Node {
		if found := n.Get(path...); found != nil && match(found) {
			return map[string]*kube.Node{strings.Join(path, "."): found}
		}
		return nil
	}
	return func(s *scene, v verdict) []spot {
		return slices.Concat(
			inPods(func(p *kube.Pod) map[string]*kube.Node { return part(p.Spec) }, "")(s, v),
			inContainers(func(c *kube.Container) map[string]*kube.Node { return part(c.Node) }, "")(s, v),
		)
	}
}

// inPods are parts of the object's pods.
func inPods(parts func(p *kube.Pod) map[string]*kube.Node, message string) subject {
	return func(s *scene, _ verdict) []spot {
		var spots []spot
		for _, p := range s.pods {
			for word, n := range sorted(parts(p)) {
				one := spot{key: "pod " + word, at: s.Where(n)}
				if message != "" {
					one.message = fmt.Sprintf(message, shorten(word), shorten(n.Text()))
				}
				spots = append(spots, one)
			}
		}
		return spots
	}
}

// podField is a field of the pods, or the place where it would be.
func podField(name string) subject {
	return func(s *scene, _ verdict) []spot {
		var spots []spot
		for _, p := range s.pods {
			spots = append(spots, spot{key: "pod " + name, at: s.below(p.Spec, []string{name})})
		}
		return spots
	}
}

// volumes are the volumes in which a part is found.
func volumes(part func(volume *kube.Node) *kube.Node, message string) subject {
	return inPods(func(p *kube.Pod) map[string]*kube.Node {
		found := map[string]*kube.Node{}
		for _, volume := range p.Spec.List("volumes") {
			if n := part(volume); n != nil {
				found["volume "+bounded(volume.Text("name"))] = n
			}
		}
		return found
	}, message)
}

// rule is the word that matters in the rule of a role that the verdict names. Which rule
// of the role it is does not belong to the key: rules have no names. Trivy's messages say
// what the check forbids, not what the rule allows.
func rule(field string, words ...string) subject {
	return func(s *scene, v verdict) []spot {
		n := s.mappings[v.start]
		if n == nil {
			return nil
		}
		one := spot{
			key: "rules", at: s.below(n, []string{field}),
			message: fmt.Sprintf("%s '%s' allows %s on %s.", s.Kind, shorten(s.Name), list(n, "verbs"), resources(n)),
		}
		for _, item := range n.List(field) {
			if slices.Contains(words, item.Text()) {
				one.at = s.Where(item)
				break
			}
		}
		return []spot{one}
	}
}

// resources are those of a role's rule. All of them are those of some groups, which Trivy
// does not heed.
func resources(n *kube.Node) string {
	everything := func(n *kube.Node) bool { return n.Text() == "*" }
	all := list(n, "resources")
	groups := n.List("apiGroups")
	if !slices.ContainsFunc(n.List("resources"), everything) || len(groups) == 0 || slices.ContainsFunc(groups, everything) {
		return all
	}
	return all + " of " + list(n, "apiGroups")
}

// maxListed is how many words of a list a message quotes.
const maxListed = 5

func list(n *kube.Node, field string) string {
	var words []string
	items := n.List(field)
	for i, item := range items {
		if i == maxListed {
			words = append(words, fmt.Sprintf("%d more", len(items)-i))
			break
		}
		words = append(words, "'"+shorten(item.Text())+"'")
	}
	if last := len(words) - 1; last > 0 {
		return strings.Join(words[:last], ", ") + " and " + words[last]
	}
	return strings.Join(words, "")
}

// objectField is a field of the object, or the place where it would be.
func objectField(path ...string) subject {
	return func(s *scene, _ verdict) []spot {
		return []spot{{key: strings.Join(path, "."), at: s.below(s.Root, path)}}
	}
}

// items are the items of a list of the object that match in the field.
func items(match func(string) bool, field string, list ...string) subject {
	return func(s *scene, _ verdict) []spot {
		var spots []spot
		for _, item := range s.Root.List(list...) {
			n := item
			if field != "" {
				n = item.Get(field)
			}
			if n != nil && match(n.Text()) {
				spots = append(spots, spot{key: list[len(list)-1] + " " + bounded(n.Text()), at: s.Where(n)})
			}
		}
		return spots
	}
}
