package githubtest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // GitHub still sends the old signature beside the new one
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	// hookTimeout is how long GitHub waits for an answer.
	// https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks
	hookTimeout = 10 * time.Second
	// hookMemory is how long deliveries can be listed and redelivered.
	hookMemory = 3 * 24 * time.Hour
	// maxPayload is the largest payload that is sent at all.
	maxPayload = 25 << 20
)

// A Delivery is one attempt to deliver a webhook.
type Delivery struct {
	ID         int64
	GUID       string // the same in a redelivery
	Event      string
	Action     string
	Redelivery bool
	At         time.Time
	// StatusCode is what the receiver answered, 0 while under way; Status in words.
	StatusCode int
	Status     string
	Payload    []byte

	app          *App
	installation int64
	repository   int64
	duration     time.Duration
	header       http.Header
	answer       string
}

// Deliveries are all attempts, oldest first.
func (g *GitHub) Deliveries() []Delivery {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := make([]Delivery, len(g.deliveries))
	for i, d := range g.deliveries {
		list[i] = *d
	}
	return list
}

// send delivers an event to the App of an installation. Without an address nothing is
// sent or remembered.
func (g *GitHub) send(i *Installation, event string, payload object, repo *Repository) {
	if i.app.WebhookURL == "" {
		return
	}
	payload = maps.Clone(payload)
	payload["installation"] = object{"id": i.ID, "node_id": nodeID("Installation", i.ID)}
	if event == "installation" || event == "installation_repositories" {
		payload["installation"] = g.installationJSON(i)
	}
	data, err := json.Marshal(payload)
	if err != nil {
		panic(err)
	}
	if len(data) > maxPayload {
		return
	}
	id := g.newID()
	d := &Delivery{
		GUID: fmt.Sprintf("%08x-0000-11f0-8000-%012x", id, id), Event: event, Payload: data, app: i.app, installation: i.ID,
	}
	d.Action, _ = payload["action"].(string)
	if repo != nil {
		d.repository = repo.ID
	}
	g.deliver(d)
}

// deliver makes an attempt in the background.
func (g *GitHub) deliver(d *Delivery) {
	d.ID, d.At = g.newID(), g.now()
	g.deliveries = append(g.deliveries, d)
	d.header = http.Header{}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "GitHub-Hookshot/0000000", "Accept": "*/*",
		"X-GitHub-Delivery": d.GUID, "X-GitHub-Event": d.Event, "X-GitHub-Hook-ID": strconv.FormatInt(d.app.ID, 10),
		"X-GitHub-Hook-Installation-Target-Type": "integration", "X-GitHub-Hook-Installation-Target-ID": strconv.FormatInt(d.app.ID, 10),
	} {
		d.header.Set(name, value)
	}
	if d.app.WebhookSecret != "" {
		d.header.Set("X-Hub-Signature", "sha1="+sign(sha1.New, d.app.WebhookSecret, d.Payload))
		d.header.Set("X-Hub-Signature-256", "sha256="+sign(sha256.New, d.app.WebhookSecret, d.Payload))
	}
	url := d.app.WebhookURL
	header := d.header.Clone()
	g.sending++
	go func() {
		begun := g.options.Now()
		code, status, answer := g.post(url, header, d.Payload)
		g.mu.Lock()
		defer g.mu.Unlock()
		d.duration = g.options.Now().Sub(begun)
		d.StatusCode, d.Status, d.answer = code, status, answer
		g.sending--
		g.sent.Broadcast()
	}()
}

func sign(algorithm func() hash.Hash, secret string, data []byte) string {
	mac := hmac.New(algorithm, []byte(secret))
	mac.Write(data)
	return hex.EncodeToString(mac.Sum(nil))
}

func (g *GitHub) post(url string, header http.Header, payload []byte) (code int, status, answer string) {
	ctx, cancel := context.WithTimeout(g.ctx, hookTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(payload))
	if err != nil {
		return http.StatusBadGateway, "invalid URL", ""
	}
	req.Header = header
	resp, err := g.hooks.Do(req)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout, "timed out", ""
	case err != nil:
		return http.StatusBadGateway, "failed to connect to host", ""
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // what could be read is shown
	status = http.StatusText(resp.StatusCode)
	if resp.StatusCode >= 300 {
		status = fmt.Sprintf("Invalid HTTP Response: %d", resp.StatusCode)
	}
	return resp.StatusCode, status, string(body)
}

var hookRoutes = []route{
	{pattern: "GET /app/hook/deliveries", as: asApp, serve: listDeliveries},
	{pattern: "GET /app/hook/deliveries/{id}", as: asApp, serve: withDelivery(func(_ *call, d *Delivery) (*reply, error) { return ok(d.fullJSON()) })},
	{pattern: "POST /app/hook/deliveries/{id}/attempts", as: asApp, serve: withDelivery(redeliver)},
}

func (c *call) deliveries() []*Delivery {
	var list []*Delivery
	for _, d := range slices.Backward(c.g.deliveries) {
		if d.app == c.app && c.g.now().Sub(d.At) < hookMemory && d.StatusCode != 0 {
			list = append(list, d)
		}
	}
	return list
}

func withDelivery(serve func(*call, *Delivery) (*reply, error)) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		all := c.deliveries()
		i := slices.IndexFunc(all, func(d *Delivery) bool { return d.ID == c.id("id") })
		if i < 0 {
			return nil, notFound()
		}
		return serve(c, all[i])
	}
}

// listDeliveries lists the newest first, and pages by a cursor.
func listDeliveries(c *call) (*reply, error) {
	all := c.deliveries()
	query := c.request.URL.Query()
	if cursor := query.Get("cursor"); cursor != "" {
		before, err := parseID(cursor)
		if err != nil {
			return nil, refused("Invalid cursor")
		}
		all = slices.DeleteFunc(all, func(d *Delivery) bool { return d.ID >= before })
	}
	size := min(c.number("per_page", 30, 100), len(all))
	list := []object{}
	for _, d := range all[:size] {
		list = append(list, d.json())
	}
	var links []string
	if size < len(all) {
		query.Set("cursor", strconv.FormatInt(all[size-1].ID, 10))
		links = append(links, c.link(query, "next"))
	}
	return &reply{body: list, header: linkHeader(links)}, nil
}

func redeliver(c *call, d *Delivery) (*reply, error) {
	c.g.deliver(again(d))
	return &reply{status: http.StatusAccepted, body: object{}}, nil
}

func (d *Delivery) json() object {
	var repository any
	if d.repository != 0 {
		repository = d.repository
	}
	return object{
		"id": d.ID, "guid": d.GUID, "delivered_at": stamp(d.At), "redelivery": d.Redelivery, "duration": d.duration.Seconds(),
		"status": d.Status, "status_code": d.StatusCode, "event": d.Event, "action": optional(d.Action),
		"installation_id": d.installation, "repository_id": repository, "throttled_at": nil,
	}
}

func (d *Delivery) fullJSON() object {
	body := d.json()
	headers := object{}
	for name := range d.header {
		headers[name] = d.header.Get(name)
	}
	body["url"] = d.app.WebhookURL
	body["request"] = object{"headers": headers, "payload": json.RawMessage(d.Payload)}
	body["response"] = object{"headers": object{}, "payload": d.answer}
	return body
}
