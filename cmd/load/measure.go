package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/chiselbot/chiselbot/app/githubtest"
)

// measureReviews opens pull requests at a steady rate and measures from each webhook to
// the completed check run.
func (b *bench) measureReviews(ctx context.Context) error {
	warm, n := 2*b.pulls, int(b.span.Seconds()*float64(b.pulls))
	type pull struct {
		repo   *githubtest.Repository
		branch string
	}
	pulls := make([]pull, warm+n)
	for i := range pulls {
		p := pull{b.repos[i%len(b.repos)], fmt.Sprint("topic-", i)}
		p.repo.Push("alice", p.branch, "Change",
			githubtest.Write("Dockerfile", dockerfile(fmt.Sprint("change ", i))+fmt.Sprintf("USER root\n# %d\n", i)),
			githubtest.Write("chart/values.yaml", fmt.Sprintf("image: {repository: acme/shop, tag: 1.0.%d}\nport: 80\nreplicas: 2\n", i)))
		pulls[i] = p
	}
	if err := b.quiet(ctx); err != nil {
		return err
	}
	took, processor := make([]time.Duration, len(pulls)), b.processor()
	var wg sync.WaitGroup
	tick := time.NewTicker(time.Second / time.Duration(b.pulls))
	defer tick.Stop()
	for i, p := range pulls {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		begun := time.Now()
		opened := p.repo.OpenPull("alice", "Change", p.branch, "main")
		wg.Go(func() {
			for {
				if runs := p.repo.CheckRuns(opened.Head()); len(runs) > 0 && runs[0].Status == "completed" {
					took[i] = time.Since(begun)
					return
				}
				if ctx.Err() != nil || time.Since(begun) > time.Minute {
					took[i] = time.Minute
					return
				}
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
	wg.Wait()
	b.say("%d reviews, %d a second, from webhook to check run: %s\n", n, b.pulls, quantiles(took[warm:]))
	b.say("processor: %s for each; memory: %s\n", b.processorEach(processor, len(pulls)), b.memory())
	return b.quiet(ctx)
}

// measureDeliveries sends webhooks at a steady rate, whether or not those before have been
// answered, and measures from when each was due.
func (b *bench) measureDeliveries(ctx context.Context) error {
	bodies := b.payloads()
	n := int(b.span.Seconds() * float64(b.rate))
	took, late := make([]time.Duration, n), make([]time.Duration, n)
	refused, processor := make([]int, n), b.processor()
	before, err := b.handled(ctx)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	begun := time.Now()
	for i := range n {
		due := begun.Add(time.Duration(i) * time.Second / time.Duration(b.rate))
		time.Sleep(time.Until(due))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wg.Go(func() {
			late[i] = time.Since(due)
			refused[i] = b.deliver(ctx, i, bodies[i%len(bodies)])
			took[i] = time.Since(due)
		})
	}
	wg.Wait()
	bad := 0
	for _, status := range refused {
		if status != http.StatusAccepted {
			bad++
		}
	}
	b.say("%d deliveries of %d KB, %d a second, %d not accepted: %s\n", n, len(bodies[0])>>10, b.rate, bad, quantiles(took))
	after, err := b.handled(ctx)
	if err != nil {
		return err
	}
	b.say("of that the sender was late: %s\n", quantiles(late))
	b.say("by the server's own clock: %s\n", after.since(before))
	b.say("processor: %s for each; memory: %s\n", b.processorEach(processor, n), b.memory())
	drained := time.Now()
	if err := b.quiet(ctx); err != nil {
		return err
	}
	b.say("all their jobs were done %s later\n", time.Since(drained).Round(10*time.Millisecond))
	return nil
}

// processorEach is what each of n things took of processors since.
func (b *bench) processorEach(since time.Duration, n int) time.Duration {
	return ((b.processor() - since) / time.Duration(n)).Round(10 * time.Microsecond)
}

// payloads are pushes to many pull requests, each with a head that is no longer the
// newest, as GitHub sends them.
func (b *bench) payloads() [][]byte {
	var like []byte
	for _, d := range b.github.Deliveries() {
		if d.Event == "pull_request" {
			like = d.Payload
		}
	}
	bodies := make([][]byte, 500)
	for i := range bodies {
		var payload map[string]any
		if err := json.Unmarshal(like, &payload); err != nil {
			panic(err) // it came from JSON
		}
		payload["action"], payload["number"] = "synchronize", 100_000+i%100
		payload["padding"] = string(bytes.Repeat([]byte("x"), max(0, 20<<10-len(like))))
		pr := payload["pull_request"].(map[string]any)
		pr["number"] = 100_000 + i%100
		pr["updated_at"] = time.Now().Add(time.Duration(i) * time.Second).UTC().Format(time.RFC3339)
		pr["head"].(map[string]any)["sha"] = fmt.Sprintf("%040x", i)
		data, err := json.Marshal(payload)
		if err != nil {
			panic(err)
		}
		bodies[i] = data
	}
	return bodies
}

func (b *bench) deliver(ctx context.Context, i int, body []byte) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+b.listen+"/webhook", bytes.NewReader(body))
	if err != nil {
		return 0
	}
	mac := hmac.New(sha256.New, []byte("hush"))
	mac.Write(body)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-GitHub-Event", "pull_request")
	req.Header.Set("X-GitHub-Delivery", fmt.Sprintf("%08x-0000-0000-0000-000000000000", i))
	req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	resp, err := b.client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body) // so that the connection can be used again
	return resp.StatusCode
}
