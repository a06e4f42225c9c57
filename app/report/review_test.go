package report_test

import (
	"strings"
	"testing"

	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

// rules stand in for real ones, so that these tests do not change with them.
var (
	noShell = &checks.Rule{
		ID: "no-shell", Title: "Shell needed where there is none", Severity: checks.Error, URL: checks.PageURL("no-shell"),
		Doc: "# no-shell\n\nA command needs a shell,\nand the image has none.\n\n## Why it matters\n\nIt fails.\n",
	}
	rootUser = &checks.Rule{
		ID: "root-user", Title: "Final stage runs as root", Severity: checks.Warning, URL: checks.PageURL("root-user"),
		Doc: "# root-user\n\nThe application runs as root.\n",
	}
	caches = &checks.Rule{ID: "caches", Title: "Package lists stay in the image", Severity: checks.Notice, URL: checks.PageURL("caches"), Doc: "# caches\n"}
	trivys = &checks.Rule{ID: "DS-0026", Title: "No HEALTHCHECK defined", Severity: checks.Notice, URL: "https://avd.aquasec.com/misconfig/ds-0026"}
	// byTrivy has neither page nor address.
	byTrivy = &checks.Rule{ID: "DS-0002", Title: "Image user should not be 'root'", Severity: checks.Error}
)

// at is the first place of the text in the file.
func at(f *source.File, text string) source.Span {
	start := strings.Index(f.Text(), text)
	if start < 0 {
		panic(text + " is not in " + f.Path())
	}
	return source.Span{Start: start, End: start + len(text)}
}

func finding(r *checks.Rule, f *source.File, span source.Span, message, help string) checks.Finding {
	return checks.Finding{Rule: r, Severity: r.Severity, File: f, Span: span, Key: "final " + r.ID, Message: message, Help: help}
}

// sample is a review with something of everything.
func sample() *review.Review {
	cat := source.NewFile("services/cat/Dockerfile", `# syntax=docker/dockerfile:1
FROM debian:13 AS build
RUN	apt-get update \
	&& apt-get install -y --no-install-recommends \
		curl 猫 \
	&& echo 'many lines' \
	&& echo 'and more' \
	&& echo 'and more' \
	&& echo 'and more' \
	&& echo 'and more' \
	&& rm -rf /var/lib/apt/lists/*

FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled
COPY --from=build /猫の手 /usr/local/bin/
RUN	echo "one" && \
	echo "two"
ENV GREETING="`+strings.Repeat("good morning ", 20)+`" CATS=/srv/cats GREETING_AT_NIGHT="`+strings.Repeat("good night ", 20)+`"
HEALTHCHECK CMD curl --fail http://localhost/health || exit 1
# chiselbot:ignore root-user until=2027-01-31 the volume belongs to root
USER root
CMD ["cat"]`)
	project := source.NewFile("services/cat/Cat.csproj", "<Project>\n  <PackageReference Include=\"Cats\" />\n</Project>\n")
	dog := source.NewFile("services/dog/Dockerfile", "FROM debian:13\r\nUSER root\r\nRUN apt-get update\r\nCMD [\"dog\"]\r\n")
	oldDog := source.NewFile("services/dog/Dockerfile", "FROM debian:9\r\nADD https://example.com/dog /\r\n")
	moved := source.NewFile("services/new name/Dockerfile", "FROM debian:13\nUSER root\n")
	broken := source.NewFile("services/broken/Dockerfile", "FROM debian:13\nRUN <<EOF\necho never ends\n")

	first := finding(noShell, cat, at(cat, "curl --fail http://localhost/health || exit 1"),
		"`HEALTHCHECK` in shell form needs `/bin/sh`, which the image does not have.", "Call a program of your own in exec form.")
	first.Related = []checks.Related{
		{File: cat, Span: at(cat, "mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled"), Message: "This image has no shell."},
		{File: project, Span: at(project, `<PackageReference Include="Cats" />`), Message: "The package `Cats` needs one too."},
	}
	second := finding(caches, cat, at(cat, "RUN	apt-get update \\\n	&& apt-get install -y --no-install-recommends \\\n		curl 猫 \\\n	&& echo 'many lines' \\\n	&& echo 'and more' \\\n	&& echo 'and more' \\\n	&& echo 'and more' \\\n	&& echo 'and more' \\\n	&& rm -rf /var/lib/apt/lists/*"),
		"The lists of packages stay in the image.", "")
	second.Fix = &checks.Fix{Title: "Mount a cache for the package lists", Safety: checks.Safe, Edits: []source.Edit{{Path: cat.Path(), Span: source.Span{Start: second.Span.Start + 3, End: second.Span.Start + 3}, New: " --mount=type=cache,target=/var/lib/apt/lists"}}}
	third := finding(noShell, cat, at(cat, "echo \"one\" && \\\n	echo"), "`RUN` needs a shell here.", "Run it in the stage `build`.")
	third.Related = []checks.Related{{File: cat, Span: at(cat, "FROM debian:13 AS build\nRUN"), Message: "The stage `build` begins here and has a shell."}}
	wide := finding(noShell, cat, at(cat, "/猫の手"), "A path that is wider than it has characters.", "")
	long := finding(caches, cat, at(cat, "CATS=/srv/cats"), "A variable in the middle of a long line.", "")
	end := finding(trivys, cat, source.Span{Start: len(cat.Text()), End: len(cat.Text())}, "Add a HEALTHCHECK instruction.", "")
	needs := finding(caches, project, at(project, `"Cats"`), "`Cats` is out of support.", "")
	user := finding(rootUser, dog, at(dog, "USER root\r\n"), "The final stage runs as root.", "Write `USER 1000`.")
	user.Severity = checks.Error // by the settings
	user.Fix = &checks.Fix{Title: "Run as `1000`", Edits: []source.Edit{{Path: dog.Path(), Span: at(dog, "root"), New: "1000"}}}

	values := source.NewFile("chart/values.yaml", "image:\n  tag: latest\nport: 80\n")
	template := source.NewFile("chart/templates/pod.yaml", "spec:\n  containers:\n    - image: cats:{{ .Values.image.tag }}\n      ports: {{ include \"ports\" . }}\n")
	chart := source.NewFile("chart/Chart.yaml", "name: cats\n")
	tag := finding(caches, values, at(values, "tag: latest"), "`latest` is no version.", "Write the version that you tested.")
	tag.Home, tag.Sets = chart, []string{checks.DefaultSet, "values-prod.yaml"}
	tag.Origin = &kube.Origin{
		Template: kube.Place{File: template, Span: at(template, "{{ .Values.image.tag }}")},
		Value:    &kube.Value{Key: "image.tag", Place: kube.Place{File: values, Span: at(values, "tag: latest")}, Set: checks.DefaultSet}, Verified: true,
	}
	tag.Related = []checks.Related{{File: template, Span: at(template, "{{ .Values.image.tag }}"), Message: "The template takes it from there."}}
	uid := finding(rootUser, template, at(template, "- image: cats:{{ .Values.image.tag }}"), "The container runs as root.", "")
	uid.Home, uid.Sets = chart, []string{"values-prod.yaml"}
	uid.Origin = &kube.Origin{
		Template: kube.Place{File: template, Span: uid.Span}, Includes: []kube.Place{{File: template, Span: at(template, `{{ include "ports" . }}`)}},
		Value: &kube.Value{Key: "securityContext"},
	}

	silenced := finding(rootUser, cat, at(cat, "USER root"), "The final stage runs as root.", "Write `USER 1000`.")
	comment := checks.Related{File: cat, Span: at(cat, "# chiselbot:ignore root-user until=2027-01-31 the volume belongs to root")}

	return &review.Review{
		Base:  review.Side{Name: "origin/main...HEAD", Tree: source.Tree{Commit: "0123456789abcdef0123456789abcdef01234567"}},
		Head:  review.Side{Name: "working tree"},
		Rules: []*checks.Rule{caches, noShell, rootUser}, Files: 4, Charts: 1, Manifests: 2, FailOn: checks.Warning,
		Objects: []checks.ObjectChange{
			{Home: chart.Path(), Object: "Deployment/cats", Sets: []string{checks.DefaultSet, "values-prod.yaml"}, Fields: []checks.FieldChange{
				{Path: "spec.template.spec.containers[cats].image", Before: "cats:1.2", After: "cats:latest", From: *tag.Origin, To: *tag.Origin},
				{Path: "spec.replicas", After: "3"},
				{Path: `metadata.labels["app.kubernetes.io/name"]`, Before: "cats"},
			}},
			{Home: "manifests/pod.yaml", Object: "Pod/dogs", Added: true},
			{Home: chart.Path(), Object: "Service/cats", Sets: []string{"values-prod.yaml"}, Removed: true},
		},
		Delta: checks.Delta{
			New:   []checks.Finding{uid, tag, needs, second, wide, third, long, first, end, user},
			Fixed: []checks.Finding{finding(noShell, oldDog, at(oldDog, "FROM debian:9"), "Out of support.", ""), finding(caches, oldDog, at(oldDog, "https://example.com/dog"), "What comes from `example.com` can change.", "")},
			Same:  []checks.Finding{finding(caches, dog, at(dog, "apt-get update"), "The lists of packages stay in the image.", "")},
			Moved: []checks.Move{{Finding: finding(rootUser, moved, at(moved, "root"), "The final stage runs as root.", ""), From: "services/old name/Dockerfile"}},
			Unsure: []checks.Finding{
				finding(trivys, broken, at(broken, "FROM debian:13"), "Add a HEALTHCHECK instruction.", ""),
			},
			Skips: []checks.Skip{
				{Path: broken.Path(), File: broken, Span: at(broken, "RUN <<EOF\n"), Reason: "Heredoc `EOF` is not closed.", Help: "Nothing in this file was checked; `docker build` would refuse it too."},
				{Path: "services/big/Dockerfile", Reason: "Read services/big/Dockerfile: file is larger than 1 MiB."},
				{Path: dog.Path(), File: dog, Span: at(dog, "debian:13"), Rule: "no-shell", Reason: "Whether the image has a shell is not known."},
				{Path: template.Path(), File: template, Span: at(template, "spec:"), Home: chart, Sets: []string{"ci/test.yaml", "values-prod.yaml"}, Reason: "The template fails."},
				{Reason: "The policies could not be loaded."},
			},
			Drops: []checks.Drop{
				{Finding: finding(byTrivy, dog, at(dog, "USER root"), "Last USER command in Dockerfile should not be 'root'", ""), Reason: "`root-user` says it instead: it knows the user that the base image gives."},
				{Finding: silenced, Reason: "the volume belongs to root", By: comment},
			},
		},
	}
}

// hostile is a review of what strangers would write to be obeyed.
func hostile() *review.Review {
	const (
		terminal = "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07\x1b[2J\u009b31m"
		markup   = "<img src=x onerror=alert(1)> [click](https://evil.example) https://evil.example www.evil.example @octocat #1 GH-1 **bold** `` ``` ~~~ <!-- --> &amp;"
		commands = "::error::pwned ##[add-path]/evil ##vso[task.setvariable variable=a]b %0A::warning::pwned"
		bidi     = "\u202egnp.exe\u2066\u200b\u00ad\U000e0041"
	)
	evil := source.NewFile("a\n::error file=x,line=1::pwned\n/\xff\x1b[31m"+bidi+"@octocat<b>`/Dockerfile",
		"\ufeffFROM x\n"+
			"RUN echo "+terminal+"\n"+
			"RUN echo ```` ``` "+markup+"\n"+
			"::stop-commands::x\n"+
			"RUN "+strings.Repeat("x", 10_000)+"needle"+strings.Repeat("y", 10_000)+"\n"+
			"RUN \xff\xfe 👩‍👩‍👧‍👦 e\u0301"+strings.Repeat("\u0301", 100)+bidi+" end\n")
	all := strings.Join([]string{terminal, markup, commands, bidi}, " ")
	whole := source.Span{End: len(evil.Text())}

	one := finding(rootUser, evil, at(evil, terminal), "::error::pwned `"+all+"` "+all, "::warning::"+all)
	one.Key = all
	one.Related = []checks.Related{{File: evil, Span: whole, Message: all}}
	one.Fix = &checks.Fix{Title: all, Edits: []source.Edit{{Path: evil.Path(), Span: at(evil, "FROM"), New: all}}}
	d := checks.Delta{
		New: []checks.Finding{
			finding(rootUser, evil, at(evil, "FROM x"), "A byte order mark is before it.", ""), one,
			finding(rootUser, evil, at(evil, markup), markup, ""),
			finding(rootUser, evil, at(evil, "needle"), "On a long line.", ""),
			finding(rootUser, evil, at(evil, "end"), "After characters of all widths.", ""),
		},
		Fixed:  []checks.Finding{one},
		Same:   []checks.Finding{one},
		Moved:  []checks.Move{{Finding: one, From: evil.Path()}},
		Unsure: []checks.Finding{one},
		Skips:  []checks.Skip{{Path: evil.Path(), File: evil, Span: at(evil, "::stop-commands::x"), Rule: "root-user", Reason: all, Help: all}, {Path: evil.Path(), Reason: all}},
		Drops:  []checks.Drop{{Finding: one, Reason: all, By: checks.Related{File: evil, Span: at(evil, terminal)}}},
	}
	objects := []checks.ObjectChange{{Home: evil.Path(), Object: all, Sets: []string{all}, Fields: []checks.FieldChange{{
		Path: all, Before: all, After: all, To: kube.Origin{Template: kube.Place{File: evil, Span: whole}},
	}}}}
	for range 12 {
		d.New = append(d.New, finding(rootUser, evil, at(evil, "needle"), "One of many, "+all, ""))
	}
	return &review.Review{Base: review.Side{Name: "main"}, Head: review.Side{Name: all}, Rules: []*checks.Rule{rootUser}, Files: 1, FailOn: checks.Error, Delta: d, Objects: objects}
}

// nothing is a review in which nothing was found.
func nothing() *review.Review {
	return &review.Review{Base: review.Side{Name: "main"}, Head: review.Side{Name: "HEAD"}, FailOn: checks.Error}
}

var reviews = map[string]func() *review.Review{"sample": sample, "hostile": hostile, "nothing": nothing}

func forEach(t *testing.T, check func(t *testing.T, name string, r *review.Review)) {
	t.Helper()
	for name, make := range reviews {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, name, make())
		})
	}
}
