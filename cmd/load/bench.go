package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/chiselbot/chiselbot/app/githubtest"
)

// repositories is over how many repositories pull requests are spread.
const repositories = 10

// A bench is a GitHub and a server that serves it.
type bench struct {
	load
	dir    string
	listen string
	github *githubtest.GitHub
	app    *githubtest.App
	inst   *githubtest.Installation
	repos  []*githubtest.Repository
	server *exec.Cmd
	client *http.Client
}

func newBench(ctx context.Context, l load) (*bench, error) {
	dir, err := os.MkdirTemp("", "chiselbot-load-")
	if err != nil {
		return nil, err
	}
	b := &bench{load: l, dir: dir, client: &http.Client{Transport: &http.Transport{MaxIdleConns: 1000, MaxIdleConnsPerHost: 1000, MaxConnsPerHost: 200}}}
	socket, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b.listen = socket.Addr().String()
	if err := socket.Close(); err != nil {
		return nil, err
	}
	if b.github, err = githubtest.Start(githubtest.Options{Enterprise: true}); err != nil {
		return nil, err
	}
	b.github.AddUser("alice")
	b.github.AddOrganization("acme")
	b.app = b.github.AddApp("acme", githubtest.App{
		Slug: "chiselbot", WebhookURL: "http://" + b.listen + "/webhook", WebhookSecret: "hush",
		Permissions: map[string]string{"checks": "write", "contents": "write", "metadata": "read", "pull_requests": "write"},
		Events:      []string{"pull_request"},
	})
	for i := range repositories {
		repo := b.github.AddRepository(fmt.Sprint("acme/shop", i), sample(i)...)
		repo.Allow("alice", "write")
		b.repos = append(b.repos, repo)
	}
	b.inst = b.github.Install(b.app, "acme")
	return b, nil
}

// sample is a repository with a Dockerfile and a chart, none like another.
func sample(i int) []githubtest.Change {
	return []githubtest.Change{
		githubtest.Write("Dockerfile", dockerfile(fmt.Sprint("base ", i))),
		githubtest.Write("chart/Chart.yaml", fmt.Sprintf("apiVersion: v2\nname: shop%d\nversion: 1.0.0\n", i)),
		githubtest.Write("chart/values.yaml", "image: {repository: acme/shop, tag: 1.0.0}\nport: 8080\nreplicas: 2\n"),
		githubtest.Write("chart/templates/deployment.yaml", `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: shop
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          ports: [{containerPort: {{ .Values.port }}}]
`),
		githubtest.Write("chart/templates/service.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}\nspec:\n  ports: [{port: {{ .Values.port }}}]\n"),
	}
}

func dockerfile(mark string) string {
	return `FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
WORKDIR /src
COPY . .
RUN dotnet publish -c Release -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble
ENV MARK="` + mark + `"
WORKDIR /app
COPY --from=build /app .
EXPOSE 8080
USER $APP_UID
ENTRYPOINT ["dotnet", "Shop.dll"]
`
}

func (b *bench) close() {
	if b.server != nil {
		_ = b.server.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = b.server.Wait()
	}
	b.github.Close()
	_ = os.RemoveAll(b.dir) // what is left there the system removes
}

// becomeReady starts the server and waits until it is ready.
func (b *bench) becomeReady(ctx context.Context) error {
	key := filepath.Join(b.dir, "key.pem")
	if err := os.WriteFile(key, []byte(b.app.PrivateKey), 0o600); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(b.dir, "log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has it
	database := b.database
	if database == "" {
		database = filepath.Join(b.dir, "chiselbot.db")
	}
	b.server = exec.CommandContext(context.WithoutCancel(ctx), b.program, "serve") //nolint:gosec // it is what was asked for
	b.server.Stderr = log
	b.server.Env = []string{
		"PATH=" + os.Getenv("PATH"), "CHISELBOT_LISTEN=" + b.listen, "DATABASE_URL=" + database, "CHISELBOT_GITHUB_HOST=" + b.github.URL,
		fmt.Sprint("CHISELBOT_APP_ID=", b.app.ID), "CHISELBOT_PRIVATE_KEY_FILE=" + key, "CHISELBOT_WEBHOOK_SECRET=hush",
	}
	begun := time.Now()
	if err := b.server.Start(); err != nil {
		return err
	}
	for {
		status, _, err := b.get(ctx, "/readyz")
		if err == nil && status == http.StatusOK {
			break
		}
		if time.Since(begun) > time.Minute {
			return errors.New("the server is not ready after a minute")
		}
		time.Sleep(5 * time.Millisecond)
	}
	b.say("start to ready: %s\n", time.Since(begun).Round(time.Millisecond))
	return nil
}

func (b *bench) get(ctx context.Context, path string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+b.listen+path, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(resp.Body)
	return resp.StatusCode, body.String(), err
}

// quiet waits until the server has nothing to do.
func (b *bench) quiet(ctx context.Context) error {
	for {
		b.github.Settle()
		_, metrics, err := b.get(ctx, "/metrics")
		if err != nil {
			return err
		}
		if !strings.Contains(metrics, "chiselbot_queue_jobs{") {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// memory is what the server has had at most and has now, and its children together.
func (b *bench) memory() string {
	most, now := resident(b.server.Process.Pid)
	var children int64
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", b.server.Process.Pid))
	if err != nil {
		return "not known"
	}
	for _, task := range tasks { // a child belongs to the thread that started it
		data, err := os.ReadFile(task)
		if err != nil {
			continue // the thread has ended
		}
		for pid := range strings.FieldsSeq(string(data)) {
			var n int
			if _, err := fmt.Sscan(pid, &n); err == nil {
				_, has := resident(n)
				children += has
			}
		}
	}
	return fmt.Sprintf("%d MB resident at most, %d MB now, and %d MB in children", most>>10, now>>10, children>>10)
}

// processor is the time that the server has had of processors.
func (b *bench) processor() time.Duration {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", b.server.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(data), ") ") // behind the name, which may hold anything
	fields := strings.Fields(rest)
	var user, system int64
	_, _ = fmt.Sscan(fields[11], &user)
	_, _ = fmt.Sscan(fields[12], &system)
	const tick = time.Second / 100 // on every Linux that Go runs on
	return time.Duration(user+system) * tick
}

// resident is the resident memory of a process in kilobytes.
func resident(pid int) (most, now int64) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			_, _ = fmt.Sscan(rest, &most)
		}
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			_, _ = fmt.Sscan(rest, &now)
		}
	}
	return most, now
}
