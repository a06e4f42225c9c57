package misconf

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/chiselbot/chiselbot/checks/kube"
)

// What an object may be at most. Some checks compare every container with every other,
// and many quote names, so that a small object could become gigabytes of failures.
// Kubernetes itself refuses longer names and, by etcd's limit, larger objects.
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/,
// https://etcd.io/docs/latest/dev-guide/limit/)
const (
	maxObjectBytes = 3 << 19
	maxNodes       = 100_000
	maxContainers  = 50
	maxNameBytes   = 253
)

// metadataKey is the field in which Trivy's Kubernetes reader tells the checks where a
// mapping stands.
const metadataKey = "__defsec_metadata"

var (
	metadataTerm = ast.StringTerm(metadataKey)
	startTerm    = ast.StringTerm("startline")
	endTerm      = ast.StringTerm("endline")
)

// objectInput is an object in the form that the checks take. In place of its lines each
// mapping has its number, as [numbered] counts them: two mappings on one line can be told
// apart that way, and an object whose lines have moved is still the same input.
func objectInput(o *kube.Object) (ast.Value, error) {
	if err := boundObject(o); err != nil {
		return nil, err
	}
	mappings := 0
	return objectTerm(o.Root, &mappings).Value, nil
}

func objectTerm(n *kube.Node, mappings *int) *ast.Term {
	switch n.Kind {
	case kube.Mapping:
		*mappings++
		number := ast.IntNumberTerm(*mappings)
		// Trivy's own field comes last, as it may not be forged.
		object := ast.NewObjectWithCapacity(len(n.Items) + 1)
		for _, item := range n.Items {
			object.Insert(ast.StringTerm(item.Key), objectTerm(item, mappings))
		}
		object.Insert(metadataTerm, ast.ObjectTerm([2]*ast.Term{startTerm, number}, [2]*ast.Term{endTerm, number}))
		return ast.NewTerm(object)
	case kube.Sequence:
		items := make([]*ast.Term, len(n.Items))
		for i, item := range n.Items {
			items[i] = objectTerm(item, mappings)
		}
		return ast.ArrayTerm(items...)
	case kube.Null:
		return ast.NullTerm()
	case kube.Bool:
		return ast.BooleanTerm(n.Is(true))
	case kube.Int:
		if i, ok := n.Int(); ok {
			return ast.NumberTerm(json.Number(strconv.FormatInt(i, 10)))
		}
	case kube.Float:
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			if text, err := json.Marshal(f); err == nil {
				return ast.NumberTerm(json.Number(text))
			}
		}
	}
	return ast.StringTerm(n.Value)
}

// numbered are the mappings of an object in the order of their numbers, which begin with
// one at the object itself.
func numbered(root *kube.Node) []*kube.Node {
	nodes := []*kube.Node{nil}
	var walk func(n *kube.Node)
	walk = func(n *kube.Node) {
		if n.Kind == kube.Mapping {
			nodes = append(nodes, n)
		}
		for _, item := range n.Items {
			walk(item)
		}
	}
	walk(root)
	return nodes
}

// digest is a hash of what the checks see of an object.
func digest(root *kube.Node) (sum [sha256.Size]byte) {
	h := sha256.New()
	digestNode(h, root)
	h.Sum(sum[:0])
	return sum
}

func digestNode(h hash.Hash, n *kube.Node) {
	var head [1 + 3*binary.MaxVarintLen64]byte
	head[0] = byte(n.Kind)
	b := head[:1]
	for _, length := range []int{len(n.Key), len(n.Value), len(n.Items)} {
		b = binary.AppendUvarint(b, uint64(length))
	}
	_, _ = h.Write(b)
	_, _ = io.WriteString(h, n.Key)
	_, _ = io.WriteString(h, n.Value)
	for _, item := range n.Items {
		digestNode(h, item)
	}
}

// boundObject refuses what the checks could not bear.
func boundObject(o *kube.Object) error {
	refuse := func(n *kube.Node, format string, args ...any) error {
		return fmt.Errorf("run Trivy's checks: line %d: %s", o.Document.LineAt(n.Span.Start), fmt.Sprintf(format, args...))
	}
	nodes, bytes := 0, 0
	var count func(n *kube.Node)
	count = func(n *kube.Node) {
		nodes++
		bytes += len(n.Key) + len(n.Value)
		for _, item := range n.Items {
			count(item)
		}
	}
	switch count(o.Root); {
	case nodes > maxNodes:
		return refuse(o.Root, "the object has more than %d values", maxNodes)
	case bytes > maxObjectBytes:
		return refuse(o.Root, "the object has more than %d KiB", maxObjectBytes>>10)
	}
	for _, root := range []*kube.Node{o.Root, o.Root.Get("review", "object")} {
		names := []*kube.Node{root.Get("kind"), root.Get("metadata", "name"), root.Get("metadata", "namespace")}
		for _, path := range podPaths {
			pod := root.Get(path...)
			names = append(names, pod.Get("metadata", "name"))
			for _, list := range []string{"containers", "initContainers"} {
				containers := pod.Get("spec", list)
				if containers == nil {
					continue
				}
				if len(containers.Items) > maxContainers {
					return refuse(containers, "the pod has more than %d containers", maxContainers)
				}
				for _, c := range containers.Items {
					names = append(names, c.Get("name"))
				}
			}
		}
		for _, n := range names {
			if n != nil && (len(n.Value) > maxNameBytes || len(n.Items) > 0) {
				return refuse(n, "the %s is not a string of at most %d bytes", n.Key, maxNameBytes)
			}
		}
	}
	return nil
}

// podPaths are where Trivy's checks look for pods.
var podPaths = [][]string{{}, {"spec", "template"}, {"spec", "jobTemplate", "spec", "template"}}
