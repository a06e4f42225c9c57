package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/source"
)

// secretInImage finds secrets that the Dockerfile itself holds or puts into the image.
// No message repeats one.
// https://docs.docker.com/build/building/secrets/
var secretInImage = page(checks.Rule{
	ID: "secret-in-image", Title: "Secret in the Dockerfile or its image", Since: "0.1.0", Severity: checks.Error,
	Replaces: []checks.Replaced{
		{ID: "DS-0031", Because: "it reads the value, and tells secrets from paths, placeholders and public keys"},
		{ID: "SecretsUsedInArgOrEnv", Because: "it reads the value, and tells secrets from paths, placeholders and public keys"},
	},
	Dockerfile: checkSecretInImage,
})

func checkSecretInImage(p *checks.DockerfilePass) {
	for _, i := range p.File.Instructions {
		switch i.Keyword {
		case "ENV", "ARG":
			for _, pair := range i.Pairs {
				checkPair(p, i, pair)
			}
		case "RUN":
			checkRunSecrets(p, i)
		case "COPY":
			checkCopiedCredentials(p, i)
		case "FROM", "ONBUILD":
		default:
			if what, secret := secretIn(i.Logical.Text); what != "" {
				hideIn(p, i, secret)
				reportSecret(p, i, i.KeywordSpan, what, fmt.Sprintf("`%s` holds %s, which everybody who sees this file or the image can read.", i.Keyword, what), revoke+".")
			}
		}
	}
}

// What can be done about a secret, by where it is.
const (
	revoke      = "Revoke it first: it is in the repository's history. Then leave it out, and give it to the container when it starts"
	revokeBuilt = revoke + ", or to the build as a secret: `RUN --mount=type=secret,…`."
	mountFile   = "Mount the file when the container starts instead, and revoke the key if the image was published."
	mountSecret = "Mount the secret for the one `RUN` that needs it, `RUN --mount=type=secret,…`, and log out in the same `RUN`."
)

func checkPair(p *checks.DockerfilePass, i *dockerfile.Instruction, pair dockerfile.Pair) {
	if !pair.HasValue {
		return
	}
	name, value := pair.Name.Value, unquoted(pair.Value.Value)
	what, secret := secretIn(value)
	if what == "" && saysSecret(name) && isSecretValue(name, value) {
		what, secret = "a secret", value
	}
	if what != "" {
		hideIn(p, i, secret)
		help := revoke + "."
		if i.Keyword == "ARG" {
			help = revokeBuilt
		}
		reportSecret(p, i, pair.Name.Span, name, fmt.Sprintf("%s holds %s, which everybody who sees this file or the image can read.", checks.Code(i.Keyword+" "+name), what), help)
		return
	}
	if slices.Contains(credentialFiles, name) && i.Keyword == "ENV" {
		for from := range p.Final.InChain("COPY") {
			if bringsFile(from, value) {
				reportSecret(p, i, pair.Name.Span, name, fmt.Sprintf("The file that %s names is copied into the image, with the key that it holds.", checks.Code(name)), mountFile)
				return
			}
		}
	}
}

// reportSecret reports a secret, of which nothing is marked or repeated.
func reportSecret(p *checks.DockerfilePass, i *dockerfile.Instruction, at source.Span, subject, message, help string) {
	stage := "head"
	if i.Stage != nil {
		stage = p.StageKey(i.Stage)
	}
	p.Report(checks.Finding{Span: at, Key: stage + " " + i.Keyword + " " + subject, Message: message, Help: help})
}

// credentialFiles are variables that name a file with credentials.
var credentialFiles = []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "GOOGLE_APPLICATION_CREDENTIALS", "HF_TOKEN_PATH"}

// bringsFile reports whether COPY puts a file at the path: as such, or with a folder that
// is copied to the one it is in.
func bringsFile(i *dockerfile.Instruction, file string) bool {
	if len(i.Words) < 2 || !path.IsAbs(file) {
		return false
	}
	target := i.Words[len(i.Words)-1].Value
	if !path.IsAbs(target) {
		if dir := i.Before().Workdir; dir.Known {
			target = path.Join(dir.Value, target)
		}
	}
	for _, w := range i.Words[:len(i.Words)-1] {
		if path.Base(w.Value) == path.Base(file) {
			return path.Clean(target) == path.Clean(file) || path.Clean(target) == path.Dir(file)
		}
	}
	return path.Clean(target) == path.Dir(file) && path.Clean(i.Words[0].Value) != "."
}

// checkCopiedCredentials looks at COPY key.json $GOOGLE_APPLICATION_CREDENTIALS.
func checkCopiedCredentials(p *checks.DockerfilePass, i *dockerfile.Instruction) {
	if len(i.Words) < 2 {
		return
	}
	target := i.Words[len(i.Words)-1]
	name := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(target.Value, "$"), "{"), "}")
	if name != target.Value && slices.Contains(credentialFiles, name) && slices.Contains(p.Final.Chain(), i.Stage) {
		reportSecret(p, i, target.Span, name, fmt.Sprintf("The file that %s names is copied into the image, with the key that it holds.", checks.Code(name)), mountFile)
	}
}

func checkRunSecrets(p *checks.DockerfilePass, i *dockerfile.Instruction) {
	texts := []string{i.Logical.Text}
	for _, h := range i.Heredocs {
		texts = append(texts, h.Content)
	}
	if what, secret := secretIn(strings.Join(texts, "\n")); what != "" {
		hideIn(p, i, secret)
		reportSecret(p, i, i.KeywordSpan, what, fmt.Sprintf("`RUN` holds %s, which everybody who sees this file can read.", what), revokeBuilt)
		return
	}
	commands, _ := i.Commands()
	for n, c := range commands {
		l, ok := readLogin(c)
		if !ok {
			continue
		}
		subject := path.Base(c.Name) + " " + l.verb
		switch {
		case l.literal != "":
			hideIn(p, i, l.literal)
			reportSecret(p, i, c.NameSpan, subject, fmt.Sprintf("%s is given a secret that everybody who sees this file can read.", checks.Code(subject)), revokeBuilt)
		case slices.Contains(p.Final.Chain(), i.Stage) && !mountsSecret(i) && !undone(commands[n+1:]):
			reportSecret(p, i, c.NameSpan, subject, fmt.Sprintf("%s stores credentials in a layer of the image.", checks.Code(subject)), mountSecret)
		}
	}
}

// A login is a command that stores credentials.
type login struct {
	verb    string
	literal string // the secret that stands there, empty where none does
}

// readLogin reads commands that store credentials in the home folder.
// https://docs.aws.amazon.com/cli/latest/reference/configure/set.html
// https://cloud.google.com/sdk/gcloud/reference/auth/activate-service-account
// https://learn.microsoft.com/cli/azure/reference-index#az-login
// https://docs.digitalocean.com/reference/doctl/reference/auth/init/
// https://learn.microsoft.com/dotnet/core/tools/dotnet-nuget-add-source
func readLogin(c dockerfile.ShellCommand) (login, bool) {
	var words []string
	for _, a := range c.Args {
		words = append(words, a.Value)
	}
	begins := func(with ...string) bool { return len(words) >= len(with) && slices.Equal(words[:len(with)], with) }
	var l login
	var flags []string
	switch name := path.Base(c.Name); {
	case name == "aws" && begins("configure", "set") && len(c.Args) > 3 && slices.Contains([]string{"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}, words[2]):
		return login{verb: "configure set " + words[2], literal: literal(c.Args[3].Static, words[3])}, true
	case name == "gcloud" && begins("auth", "activate-service-account"):
		return login{verb: "auth activate-service-account"}, true
	case name == "az" && begins("login"):
		l.verb, flags = "login", []string{"-p", "--password", "--federated-token"}
	case name == "doctl" && begins("auth", "init"):
		l.verb, flags = "auth init", []string{"-t", "--access-token"}
	case (name == "docker" || name == "podman") && begins("login"):
		l.verb, flags = "login", []string{"-p", "--password"}
	case name == "dotnet" && (begins("nuget", "add", "source") || begins("nuget", "update", "source")):
		l.verb, flags = strings.Join(words[:3], " "), []string{"-p", "--password"}
	default:
		return login{}, false
	}
	for n, a := range c.Args {
		flag, value, joined := strings.Cut(a.Value, "=")
		if !slices.Contains(flags, flag) {
			continue
		}
		static := a.Static
		if !joined && n+1 < len(c.Args) {
			value, static = c.Args[n+1].Value, c.Args[n+1].Static
		}
		l.literal = literal(static, value)
		return l, true
	}
	return login{}, false
}

// literal is the secret that an argument is, empty where it is none.
func literal(static bool, value string) string {
	if !static || isPlaceholder(value) {
		return ""
	}
	return value
}

// hideIn has a secret hidden wherever an instruction holds it. One that is continued over
// lines is hidden from its beginning to the instruction's end.
func hideIn(p *checks.DockerfilePass, i *dockerfile.Instruction, secret string) {
	text, found := p.File.Slice(i.Span), false
	for at := 0; secret != ""; at += len(secret) {
		n := strings.Index(text[at:], secret)
		if n < 0 {
			break
		}
		at, found = at+n, true
		p.Hide(source.Span{Start: i.Span.Start + at, End: i.Span.Start + at + len(secret)})
	}
	if n := strings.Index(text, secret[:min(len(secret), 8)]); !found && n >= 0 {
		p.Hide(source.Span{Start: i.Span.Start + n, End: i.Span.End})
	}
}

func mountsSecret(i *dockerfile.Instruction) bool {
	return slices.ContainsFunc(i.Flags, func(f dockerfile.Flag) bool {
		return f.Name == "mount" && slices.Contains(strings.Split(f.Value, ","), "type=secret")
	})
}

// undone reports whether one of the commands takes stored credentials away again.
func undone(commands []dockerfile.ShellCommand) bool {
	return slices.ContainsFunc(commands, func(c dockerfile.ShellCommand) bool {
		return path.Base(c.Name) == "rm" || slices.ContainsFunc(c.Args, func(a dockerfile.ShellWord) bool {
			return a.Value == "logout" || a.Value == "revoke" || a.Value == "remove"
		})
	})
}
