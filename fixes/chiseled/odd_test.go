package chiseled_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/fixes/plantest"
)

// TestOddFiles demands that nothing but what the plan means changes in files that are
// written otherwise than most, that git applies its patch, and that a second run has
// nothing left to do.
func TestOddFiles(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, before, after string }{
		{
			name:   "byte order mark",
			before: "\ufeffFROM mcr.microsoft.com/dotnet/aspnet:10.0\nCOPY out /app\nENTRYPOINT dotnet /app/Cats.dll\n",
			after:  "\ufeffFROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra\nCOPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n",
		},
		{
			name:   "byte order mark and a new stage",
			before: "\ufeffFROM mcr.microsoft.com/dotnet/aspnet:10.0\nRUN mkdir /data\nCOPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n",
			after: "\ufeffFROM mcr.microsoft.com/dotnet/runtime-deps:10.0-noble AS prep\nRUN mkdir -p /rootfs/data\n\n" +
				"FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra\nCOPY --from=prep --chown=$APP_UID:$APP_UID /rootfs/data /data\nCOPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n",
		},
		{
			name:   "no final newline, the last line goes",
			before: "FROM mcr.microsoft.com/dotnet/aspnet:10.0\nCOPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\nUSER root",
			after:  "FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra\nCOPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]",
		},
		{
			name:   "no final newline in the build stage's last line",
			before: "  FROM mcr.microsoft.com/dotnet/aspnet:10.0\n\tCOPY out /app\n  VOLUME /data\n  ENTRYPOINT dotnet /app/Cats.dll",
			after: "  FROM mcr.microsoft.com/dotnet/runtime-deps:10.0-noble AS prep\n  RUN mkdir -p /rootfs/data\n\n  FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra\n\tCOPY out /app\n" +
				"  COPY --from=prep --chown=$APP_UID:$APP_UID /rootfs/data /data\n  VOLUME /data\n  ENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]",
		},
		{
			name:   "CRLF without a final one",
			before: "FROM mcr.microsoft.com/dotnet/aspnet:10.0\r\n# the cats\r\nRUN mkdir /data\r\nCOPY out /app\r\nCMD dotnet /app/Cats.dll",
			after: "FROM mcr.microsoft.com/dotnet/runtime-deps:10.0-noble AS prep\r\nRUN mkdir -p /rootfs/data\r\n\r\nFROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra\r\n# the cats\r\n" +
				"COPY --from=prep --chown=$APP_UID:$APP_UID /rootfs/data /data\r\nCOPY out /app\r\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]",
		},
		{
			name:   "mixed line ends",
			before: "FROM mcr.microsoft.com/dotnet/aspnet:10.0\nCOPY out /app\r\nUSER root\nENTRYPOINT dotnet /app/Cats.dll\r\n",
			after:  "FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra\nCOPY out /app\r\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\r\n",
		},
		{
			name:   "here-document",
			before: "FROM mcr.microsoft.com/dotnet/aspnet:10.0\nRUN <<EOF\nmkdir -p /data\nEOF\nCOPY <<-\"END\" /app/about.txt\n\tFROM mcr.microsoft.com/dotnet/aspnet:10.0\n\tEND\nENTRYPOINT dotnet /app/Cats.dll\n",
			after: "FROM mcr.microsoft.com/dotnet/runtime-deps:10.0-noble AS prep\nRUN mkdir -p /rootfs/data\n\nFROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra\n" +
				"COPY --from=prep --chown=$APP_UID:$APP_UID /rootfs/data /data\nCOPY <<-\"END\" /app/about.txt\n\tFROM mcr.microsoft.com/dotnet/aspnet:10.0\n\tEND\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n",
		},
		{
			name:   "here-document at the end",
			before: "FROM mcr.microsoft.com/dotnet/aspnet:10.0\nCOPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\nRUN <<EOF\nmkdir -p /data\nEOF",
			after: "FROM mcr.microsoft.com/dotnet/runtime-deps:10.0-noble AS prep\nRUN mkdir -p /rootfs/data\n\nFROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra\n" +
				"COPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\nCOPY --from=prep --chown=$APP_UID:$APP_UID /rootfs/data /data",
		},
		{
			name:   "directives and comments in between",
			before: "# syntax=docker/dockerfile:1\n# escape=\\\n\n# the cats\nFROM mcr.microsoft.com/dotnet/aspnet:10.0 \\\n  # a comment\n  AS cats\nRUN mkdir \\\n  # another\n  /data\nCOPY out /app\nENTRYPOINT [ \"dotnet\", \\\n  \"/app/Cats.dll\" ]\n",
			after: "# syntax=docker/dockerfile:1\n# escape=\\\n\nFROM mcr.microsoft.com/dotnet/runtime-deps:10.0-noble AS prep\nRUN mkdir -p /rootfs/data\n\n# the cats\nFROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra \\\n  # a comment\n  AS cats\n" +
				"COPY --from=prep --chown=$APP_UID:$APP_UID /rootfs/data /data\nCOPY out /app\nENTRYPOINT [ \"dotnet\", \\\n  \"/app/Cats.dll\" ]\n",
		},
		{
			name:   "backtick escapes",
			before: "# escape=`\nFROM mcr.microsoft.com/dotnet/sdk:10.0 AS build\nRUN dotnet publish `\n  -o /app\nFROM mcr.microsoft.com/dotnet/aspnet:10.0\nCOPY --from=build `\n  /app /app\nVOLUME /data /logs\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n",
			after: "# escape=`\nFROM mcr.microsoft.com/dotnet/sdk:10.0 AS build\nRUN dotnet publish `\n  -o /app\nRUN mkdir -p /rootfs/data `\n && mkdir -p /rootfs/logs\nFROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra\nCOPY --from=build `\n  /app /app\n" +
				"COPY --from=build --chown=$APP_UID:$APP_UID /rootfs/data /data\nCOPY --from=build --chown=$APP_UID:$APP_UID /rootfs/logs /logs\nVOLUME /data /logs\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n",
		},
		{
			name:   "trailing white space and tabs",
			before: "FROM\tmcr.microsoft.com/dotnet/aspnet:10.0  \n\n\nUSER\troot \n\nCOPY out /app\t\nENTRYPOINT\tdotnet /app/Cats.dll  \n\n",
			after:  "FROM\tmcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra  \n\n\nCOPY out /app\t\nENTRYPOINT\t[\"dotnet\", \"/app/Cats.dll\"]  \n\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			plans := plantest.Plans(t, recipe(nil), map[string]string{"Dockerfile": test.before})
			if len(plans) != 1 {
				t.Fatalf("%d plans", len(plans))
			}
			after := plantest.After(plans)["Dockerfile"]
			if diff := cmp.Diff(test.after, after); diff != "" {
				t.Errorf("the file afterwards (-want +got):\n%s\n%s", diff, plantest.Describe(plans))
			}
			if again := plantest.After(plantest.Plans(t, recipe(nil), map[string]string{"Dockerfile": after})); len(again) > 0 {
				t.Errorf("a second run changes it again: %v", again)
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(test.before), 0o644); err != nil {
				t.Fatal(err)
			}
			apply := exec.CommandContext(t.Context(), "git", "-c", "core.autocrlf=false", "apply", "-")
			apply.Dir, apply.Stdin = dir, strings.NewReader(plans[0].Diff())
			if out, err := apply.CombinedOutput(); err != nil {
				t.Fatalf("git apply: %v\n%s\n%s", err, out, plans[0].Diff())
			}
			patched, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(after, string(patched)); diff != "" {
				t.Errorf("after git apply (-plan +git):\n%s", diff)
			}
		})
	}
}
