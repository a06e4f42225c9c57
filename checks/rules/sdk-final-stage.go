package rules

import (
	"fmt"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/base"
	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

// sdkFinalStage looks at the image that the final stage comes down to, through the
// stages it inherits from, and leaves images alone that are made to build or test.
// https://docs.docker.com/build/building/multi-stage/
var sdkFinalStage = page(checks.Rule{
	ID: "sdk-final-stage", Title: "SDK image as the final stage", Since: "0.1.0", Severity: checks.Warning,
	Dockerfile: checkSDKFinalStage,
})

func checkSDKFinalStage(p *checks.DockerfilePass) {
	b := p.Final.Base()
	if b == nil || b.Role != base.RoleSDK || isToolbox(p.Final.State()) {
		return
	}
	f := checks.Finding{
		Span:    p.Final.From.Words[0].Span,
		Key:     p.StageKey(p.Final) + " base",
		Message: fmt.Sprintf("The application runs in %s, an image to build with: its compilers and build tools are dead weight there and of use to an intruder.", baseName(p.Final)),
		Help:    withoutSDK(p.Final),
	}
	if root := p.Final.Root(); root != p.Final {
		f.Related = append(f.Related, p.Related(root.From.Words[0].Span, "The final stage goes back to this image."))
	}
	p.Report(f)
}

// withoutSDK says what the final stage may start from instead.
func withoutSDK(final *dockerfile.Stage) string {
	stage := "Add a final stage %s, and copy into it what was built: `COPY --from=…`."
	if final.Parent != nil {
		stage = "Start the final stage %s, and copy into it what was built: `COPY --from=…`."
	}
	if d := final.Base().DotNet; d != nil {
		if d.Version == "" || d.Legacy || d.Preview {
			return fmt.Sprintf(stage, "from the `aspnet` or `runtime` image of the same version")
		}
		run := base.DotNet{Product: "aspnet", Version: d.Version, Distro: d.Distro, Named: d.Named, Windows: d.Windows, Nightly: d.Nightly}
		return fmt.Sprintf(stage, "from "+checks.Code(run.Reference().String())+" (`runtime` instead of `aspnet` without a web server)")
	}
	switch repository(final) {
	case "docker.io/library/golang":
		return fmt.Sprintf(stage, "from `gcr.io/distroless/static-debian13:nonroot` (a program without cgo needs no more)")
	case "docker.io/library/rust", "docker.io/library/gcc":
		return fmt.Sprintf(stage, "from `gcr.io/distroless/cc-debian13:nonroot` or the slim image of the same Debian")
	case "docker.io/library/maven", "docker.io/library/gradle", "docker.io/library/eclipse-temurin", "docker.io/library/openjdk":
		return fmt.Sprintf(stage, "from the `-jre` image of `eclipse-temurin` for the same Java")
	}
	return fmt.Sprintf(stage, "from an image that only runs")
}
