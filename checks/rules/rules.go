// Package rules holds every rule, one stem each: x.go says when it fires, x.md is the
// page that a finding links to, x.txtar its cases. The stem is the rule's id.
//
// A rule sees one pass and nothing else: no network, no clock, no settings. What the
// rules know of base images is in package base, what they know of .NET projects in
// package dotnet.
package rules

import (
	"embed"

	"github.com/chiselbot/chiselbot/checks"
)

//go:embed *.md
var pages embed.FS

// page completes a rule with its page.
func page(r checks.Rule) *checks.Rule {
	text, err := pages.ReadFile(r.ID + ".md")
	if err != nil {
		panic(err) // the page is compiled in; its absence cannot survive the first test
	}
	r.Doc, r.URL = string(text), checks.PageURL(r.ID)
	return &r
}

// All are the rules, in the order of their ids.
func All() []*checks.Rule {
	return []*checks.Rule{
		addRemote,
		addedCapabilities,
		apparmorProfile,
		buildPlatform,
		buildTools,
		chiseledAvailable,
		containerImageTag,
		containerLowPort,
		containerNeedsShell,
		digestOnly,
		dotnetTwice,
		dropCapabilities,
		hostNamespaces,
		hostPath,
		hostPort,
		hostProcess,
		ignoreComment,
		imageTag,
		misplacedSecurity,
		needsExtra,
		nightlyImage,
		noDigest,
		noHealthcheck,
		noResources,
		noRunAsUser,
		noShell,
		noSuchAccount,
		noSuchTag,
		nonRootRefused,
		outOfSupport,
		packageManager,
		portMismatch,
		portName,
		portsApart,
		privilegeEscalation,
		privilegedContainer,
		privilegedPort,
		probeHandler,
		probeHost,
		procMount,
		readOnlyTmp,
		rootUser,
		runAsNonRoot,
		runAsRoot,
		runAsUser,
		sdkFinalStage,
		seccompProfile,
		secretArgument,
		secretInImage,
		selinuxOptions,
		serviceAccountToken,
		servicePort,
		supportEndsSoon,
		unprivilegedTwin,
		unsafeSysctls,
		userName,
		volumeGroup,
		volumeType,
		writableRoot,
	}
}
