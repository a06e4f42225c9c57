package build

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	gatewaypb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/sourcepolicy"
	spb "github.com/moby/buildkit/sourcepolicy/pb"
	"github.com/moby/buildkit/sourcepolicy/policysession"

	"github.com/chiselbot/chiselbot/checks"
)

// maxDenied is how many places are remembered that a build asked for in vain, and maxTold
// how many of them are told.
const maxDenied, maxTold = 50, 3

// A guard says what a build may fetch and remembers what it was denied, of which the daemon
// tells nobody but the program that asked.
type guard struct {
	allow []string

	mu     sync.Mutex
	denied []string // https://host:port, each once
}

// policy is what ADD and RUN may fetch, as the daemon takes it. Images they may all.
func (g *guard) policy() *spb.Policy {
	policy := &spb.Policy{Version: 1}
	rule := func(action spb.PolicyAction, pattern string) {
		policy.Rules = append(policy.Rules, &spb.Rule{Action: action, Selector: &spb.Selector{Identifier: pattern, MatchType: spb.MatchType_WILDCARD}})
	}
	for _, scheme := range []string{"http", "https", "git"} {
		rule(spb.PolicyAction_DENY, scheme+"://*")
	}
	for _, allowed := range g.allow { // the last rule that matches wins
		rule(spb.PolicyAction_ALLOW, allowed)
	}
	return policy
}

// provider answers the daemon for each thing that is to be fetched.
func (g *guard) provider() *policysession.PolicyProvider {
	engine := sourcepolicy.NewEngine([]*spb.Policy{g.policy()})
	return policysession.NewPolicyProvider(func(ctx context.Context, req *policysession.CheckPolicyRequest) (*policysession.DecisionResponse, *gatewaypb.ResolveSourceMetaRequest, error) {
		source := req.GetSource().GetSource()
		_, err := engine.Evaluate(ctx, &pb.SourceOp{Identifier: source.GetIdentifier(), Attrs: source.GetAttrs()})
		switch {
		case err == nil:
			return &policysession.DecisionResponse{Action: spb.PolicyAction_ALLOW}, nil, nil
		case !errors.Is(err, sourcepolicy.ErrSourceDenied):
			return nil, nil, err
		}
		g.deny(source.GetIdentifier())
		return &policysession.DecisionResponse{Action: spb.PolicyAction_DENY}, nil, nil
	})
}

// deny remembers the place of an address.
func (g *guard) deny(address string) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return
	}
	place := printable(u.Scheme+"://"+u.Host, maxLine)
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.denied) < maxDenied && !slices.Contains(g.denied, place) {
		g.denied = append(g.denied, place)
	}
}

// help says what was denied and how it is allowed, empty where nothing was.
func (g *guard) help() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.denied) == 0 {
		return ""
	}
	var told []string
	for _, place := range g.denied[:min(len(g.denied), maxTold)] {
		told = append(told, checks.Code(place))
	}
	if more := len(g.denied) - len(told); more > 0 {
		told = append(told, fmt.Sprintf("%d other places", more))
	}
	return fmt.Sprintf("Builds here may not fetch from %s: %s would let them.", strings.Join(told, ", nor from "), checks.Code("--build-allow '"+g.denied[0]+"/*'"))
}
